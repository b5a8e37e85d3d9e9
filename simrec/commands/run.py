"""simrec run"""

from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from simrec.request import Request

PANEL = "Record"


def request(
    program: Annotated[
        Path, typer.Argument(help="A source (.asm, .s, .c, .cpp ...) or a static RISC-V ELF.")
    ],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ARGS", help="Arguments for the program (behind `--` if they look like options)."
        ),
    ] = None,
    harts: Annotated[int, typer.Option(min=1, max=64, help="Hardware threads.")] = 2,
    quantum: Annotated[int, typer.Option(min=1, help="Ticks in a time slice.")] = 1000,
    scheduler: Annotated[str, typer.Option(help="Who runs next: `rr` or `random`.")] = "rr",
    seed: Annotated[
        int, typer.Option(min=0, help="Seeds every random choice; 0 leaves round-robin slices exact.")
    ] = 0,
    store: Annotated[str, typer.Option(help="Where events go: `parquet` or `sqlite`.")] = "parquet",
    max_events: Annotated[
        int, typer.Option(min=0, help="Stop when the log has so many events (0: never).")
    ] = 0,
    cost: Annotated[
        list[str] | None, typer.Option(metavar="NAME=TICKS", help="Override a cost; repeatable.")
    ] = None,
    ram: Annotated[int, typer.Option(min=1, max=4096, help="Physical memory, MiB.")] = 64,
    stack: Annotated[
        int, typer.Option(min=64, max=1 << 20, help="Room for the first thread's stack, KiB.")
    ] = 8192,
    cflags: Annotated[
        list[str] | None,
        typer.Option(metavar="FLAGS", help="For the C compiler: flags and further files; repeatable."),
    ] = None,
    define: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Give a symbol (assembly) or macro (C) of the source a value; repeatable.",
        ),
    ] = None,
    mount: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOSTDIR:GUESTDIR[:rw]",
            help="Let the program see a directory, only to read but for `:rw`; repeatable.",
        ),
    ] = None,
    env: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A variable of the program's environment; repeatable."),
    ] = None,
    abi: Annotated[
        str,
        typer.Option(help="Whose system calls it makes: `linux`, or `rars` (and its assembly syntax)."),
    ] = "linux",
    name: Annotated[str, typer.Option(help="A name to find the run by.")] = "",
    signature: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the memory between `begin_signature` and `end_signature`, as RISCOF wants it.",
        ),
    ] = None,
    signature_granularity: Annotated[
        int, typer.Option(metavar="BYTES", min=1, max=64, help="Bytes on a line of --signature.")
    ] = 4,
) -> Request:
    """Run a program and record every event.

    The program's output goes to standard output, the summary to standard error; the exit status is the
    program's (128 + signal for a fault, 3 for a deadlock, 4 for --max-events).

    The program sees no file and no variable of this machine but what --mount and --env give it.
    """
    from sim.kernel.options import Options, variables
    from sim.kernel.tree import read_mounts
    from sim.machine.costs import Costs
    from simrec.defines import Defines
    from simrec.signature import Signature

    options = Options(
        harts=harts,
        quantum=quantum,
        scheduler=scheduler,
        seed=seed,
        max_events=max_events,
        ram=ram << 20,
        stack=stack << 10,
        costs=Costs.load(cost or ()),
        arguments=tuple(arguments or ()),
        environment=variables(env or ()),
        mounts=read_mounts(mount or ()),
        abi=abi,
        defines=Defines.parse(define or ()).texts,
    )
    wanted = Signature(signature, signature_granularity) if signature else None
    return Request(program, options, store, name, tuple(cflags or ()), wanted)


@wraps(request)
def run(**given: Any) -> None:
    """The command; what its options are and mean is `request`'s."""
    from simrec.record import record

    asked = request(**given)
    status = record(asked.program, asked.options, asked.store, asked.name, asked.cflags, asked.signature)
    raise typer.Exit(status)
