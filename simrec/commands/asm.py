"""simrec asm"""

from pathlib import Path
from typing import Annotated

import typer

PANEL = "Programs"


def asm(
    source: Annotated[Path, typer.Argument(help="An assembly source.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The ELF file to write (default: SOURCE with .elf).")
    ] = None,
    define: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Give a symbol of the source a value; repeatable."),
    ] = None,
) -> None:
    """Assemble and link a program with what it uses of the runtime library."""
    from sim.errors import UserError
    from simrec.programs import read_image

    image = read_image(source, defines=define or ())
    target = output or source.with_suffix(".elf")
    try:
        target.write_bytes(image)
        target.chmod(0o755)
    except OSError as error:
        raise UserError(f"{target}: can't be written: {error.strerror}") from None
    print(f"{target}: {len(image):,} bytes")
