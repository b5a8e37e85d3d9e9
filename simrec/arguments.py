"""Arguments and options that several commands share."""

from typing import Annotated

import typer

RunArgument = Annotated[
    str, typer.Argument(metavar="RUN", help="A run's id, a unique prefix of it, its name, or `latest`.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
