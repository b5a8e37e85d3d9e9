"""simrec disasm"""

from pathlib import Path
from typing import Annotated

import typer

from simrec.arguments import JsonOption

PANEL = "Programs"


def disasm(
    program: Annotated[Path, typer.Argument(help="An assembly source or an ELF file.")],
    as_json: JsonOption = False,
) -> None:
    """Disassemble a program's code, with labels and source lines."""
    from sim.listing import listing
    from simrec.output import print_json
    from simrec.programs import read_executable

    executable = read_executable(program)
    lines = list(listing(executable.program))
    if as_json:
        print_json([line.__dict__ for line in lines])
        return
    for line in lines:
        if line.label:
            print(f"\n{line.address:x} <{line.label}>:")
        source = f"  # {line.file}:{line.line}" if line.line else ""
        print(f"  {line.address:8x}:  {line.word:08x}  {line.text:<36}{source}".rstrip())
