"""simrec run"""

from pathlib import Path
from typing import Annotated

import typer

PANEL = "Record"


def run(
    program: Annotated[
        Path, typer.Argument(help="A source (.asm, .s, .c, .cpp ...) or a static RISC-V ELF.")
    ],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ARGS", help="Arguments for the program (behind `--` if they look like options)."
        ),
    ] = None,
    harts: Annotated[
        int | None, typer.Option(min=1, max=64, help="Hardware threads (default: 2; with --bare 1).")
    ] = None,
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
    limit: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=NUMBER",
            help="How much the program may ask for: threads, processes, files, ...; repeatable.",
        ),
    ] = None,
    bare: Annotated[
        bool,
        typer.Option("--bare", help="No operating system: you say where the code stands and harts begin."),
    ] = False,
    place: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="With --bare: where in ram the code stands.")
    ] = None,
    pc: Annotated[
        str | None,
        typer.Option(
            "--pc", metavar="ADDRESS", help="With --bare: where each hart begins, its number in a0."
        ),
    ] = None,
    sp: Annotated[
        str | None,
        typer.Option("--sp", metavar="ADDRESS", help="With --bare: the stack pointer at first (default: 0)."),
    ] = None,
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
) -> None:
    """Run a program and record every event.

    The program's output goes to standard output, the summary to standard error; the exit status is the
    program's (128 + signal for a fault, 3 for a deadlock, 4 for --max-events, 6 for a fault with --bare).

    The program sees no file and no variable of this machine but what --mount and --env give it.
    """
    from sim.kernel.limits import Limits
    from sim.kernel.options import Options, variables
    from sim.kernel.tree import read_mounts
    from sim.machine.costs import Costs
    from simrec.bare import by_hand, nothing_by_hand
    from simrec.record import record
    from simrec.signature import Signature

    if bare:
        others: dict[str, object] = {"ARGS": arguments, "--env": env, "--mount": mount, "--limit": limit}
        others |= {"--abi": abi != "linux", "--scheduler": scheduler != "rr"}
        hand = by_hand(program, place, pc, sp, ram << 20, others)
    else:
        hand = nothing_by_hand(place=place, pc=pc, sp=sp)
    options = Options(
        harts=harts or (1 if bare else 2),
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
        limits=Limits.parse(limit or ()),
        bare=bare,
        place=hand.place,
        pc=hand.pc,
        sp=hand.sp,
    )
    wanted = Signature(signature, signature_granularity) if signature else None
    raise typer.Exit(record(program, options, store, name, cflags or (), wanted))
