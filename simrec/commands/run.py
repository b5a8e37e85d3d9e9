"""simrec run"""

from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from sim.kernel.schedulers import names as scheduler_names
from simrec.request import Request

PANEL = "Record"
#: Where a context keeps how many words stand behind `--`, which the parser swallows.
_BEHIND = "simrec.behind"


class Command(TyperCommand):
    """Tells words behind `--` from those before it."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Count them first."""
        ctx.meta[_BEHIND] = len(args) - args.index("--") - 1 if "--" in args else 0
        return super().parse_args(ctx, args)


def request(
    context: typer.Context,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="PROGRAM|ARG",
            help="Sources (.asm, .s, .c, .cpp ...) or static RISC-V ELFs, a process each, up to the first "
            "word that is no such file. Words from there on, or behind `--`, are arguments for all of them.",
        ),
    ],
    harts: Annotated[
        int | None, typer.Option(min=1, max=64, help="Hardware threads (default: 2; with --bare 1).")
    ] = None,
    quantum: Annotated[int, typer.Option(min=1, help="Ticks in a time slice.")] = 1000,
    scheduler: Annotated[
        str,
        typer.Option(metavar="NAME[:OPTIONS]", help=f"Who runs next: {', '.join(scheduler_names())}."),
    ] = "rr",
    nice: Annotated[
        list[str] | None,
        typer.Option(metavar="PID=NICE", help="Nice value of a process, -20 to 19; repeatable."),
    ] = None,
    priority: Annotated[
        list[str] | None,
        typer.Option(metavar="PID=PRIORITY", help="Static priority of a process, 0 to 99; repeatable."),
    ] = None,
    tickets: Annotated[
        list[str] | None,
        typer.Option(metavar="PID=NUMBER", help="Tickets of a process, for `lottery`; repeatable."),
    ] = None,
    affinity: Annotated[
        list[str] | None,
        typer.Option(metavar="PID=HART,...", help="Harts that a process may run on; repeatable."),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, help="Seeds every random choice; 0 leaves round-robin slices exact.")
    ] = 0,
    store: Annotated[str, typer.Option(help="Where events go: `parquet` or `sqlite`.")] = "parquet",
    detail: Annotated[
        str,
        typer.Option(
            metavar="HOW",
            help="What is stored: `full`; `memory`, values only where memory is touched; `choices`, what was "
            "chosen and came from outside. `simrec rebuild` makes the rest again.",
        ),
    ] = "full",
    compression: Annotated[
        str,
        typer.Option(
            metavar="HOW",
            help="How Parquet's pages are compressed: `zstd` (default), `lz4` (faster, larger), `none`.",
        ),
    ] = "",
    files: Annotated[
        str,
        typer.Option(
            metavar="DIRECTORY|URL",
            help="Where the recording's files go: a directory or `s3://BUCKET/PREFIX` (default: "
            "SIMREC_FILES, else below the home).",
        ),
    ] = "",
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
    define: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="A symbol (assembly) or macro (C) of the program, with its value; repeatable.",
        ),
    ] = None,
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
    io_depth: Annotated[
        int, typer.Option(min=1, max=1 << 16, help="Operations that /dev/io does at a time; others queue.")
    ] = 4,
    requests: Annotated[
        str,
        typer.Option(
            metavar="SPEC",
            help="What comes to /dev/requests: `count=200,arrivals=poisson:1000,cpu=fixed:200,io=exp:5000`.",
        ),
    ] = "",
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
) -> Request:
    """Run a program, or several together, and record every event.

    The program's output goes to standard output, the summary to standard error; the exit status is the
    program's (128 + signal for a fault, 3 for a deadlock, 4 for --max-events, 6 for a fault with --bare).

    Several programs are processes 1, 2, ... of one machine, and the exit status is that of the first of them
    that ended with another than 0. A program that takes a program's file as its argument wants a `--` before
    it: `simrec run cat.c -- file.asm`.

    The program sees no file and no variable of this machine but what --mount and --env give it.
    """
    from recorder.keeping import Keeping
    from recorder.place import read_files
    from sim.kernel.attributes import read_attributes
    from sim.kernel.limits import Limits
    from sim.kernel.options import Options, variables
    from sim.kernel.tree import read_mounts
    from sim.kernel.workload import Workload
    from sim.machine.costs import Costs
    from simrec.bare import by_hand, nothing_by_hand
    from simrec.defines import Defines
    from simrec.programs import no_program, split_words
    from simrec.signature import Signature

    behind = context.meta[_BEHIND]
    programs, arguments = split_words(words, behind)
    doubt = no_program(arguments[0]) if len(arguments) > behind else ""
    if bare:
        others: dict[str, object] = {"ARGS": arguments, "--env": env, "--mount": mount, "--limit": limit}
        others |= {"--abi": abi != "linux", "--scheduler": scheduler != "rr", "--nice": nice}
        others |= {"--priority": priority, "--tickets": tickets, "--affinity": affinity}
        others |= {"--requests": requests}
        hand = by_hand(programs, place, pc, sp, ram << 20, others)
    else:
        hand = nothing_by_hand(place=place, pc=pc, sp=sp)
    harts = harts or (1 if bare else 2)
    options = Options(
        harts=harts,
        quantum=quantum,
        scheduler=scheduler,
        seed=seed,
        max_events=max_events,
        ram=ram << 20,
        stack=stack << 10,
        costs=Costs.load(cost or ()),
        arguments=arguments,
        environment=variables(env or ()),
        mounts=read_mounts(mount or ()),
        abi=abi,
        limits=Limits.parse(limit or ()),
        attributes=read_attributes(
            harts,
            nice=nice or (),
            priority=priority or (),
            tickets=tickets or (),
            affinity=affinity or (),
        ),
        io_depth=io_depth,
        requests=Workload.parse(requests) if requests else None,
        defines=Defines.parse(define or ()).texts,
        bare=bare,
        place=hand.place,
        pc=hand.pc,
        sp=hand.sp,
    )
    wanted = Signature(signature, signature_granularity) if signature else None
    usual = "none" if store == "sqlite" else "zstd"
    keeping = Keeping(store, name, read_files(files), detail, compression or usual)
    return Request(tuple(programs), options, keeping, tuple(cflags or ()), wanted, doubt)


@wraps(request)
def run(**given: Any) -> None:
    """The command; what its options are and mean is `request`'s."""
    from simrec.record import record

    raise typer.Exit(record(request(**given)))
