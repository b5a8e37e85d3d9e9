"""``python -m simrec``."""

from simrec.cli import main

main()
