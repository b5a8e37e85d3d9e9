"""What a command asks to be recorded: programs, how to run them, how to keep that."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from recorder.keeping import Keeping
from sim.errors import UserError
from simrec.output import did_you_mean

if TYPE_CHECKING:
    from sim.kernel.options import Options
    from simrec.signature import Signature


class BadChoice(UserError):
    """An option has a value that isn't one of those it can have."""

    exit_status = 2


@dataclass(frozen=True)
class Request:
    """``programs`` are files, a process each; ``cflags`` are for the compiler; ``doubt`` tells what may
    have been meant otherwise, "" if nothing."""

    programs: tuple[Path, ...]
    options: "Options"
    keeping: Keeping
    cflags: tuple[str, ...] = ()
    signature: "Signature | None" = None
    doubt: str = ""


def check_choices(request: Request) -> None:
    """Whether everything that is chosen by a name or number exists. Raises BadChoice, UnknownScheduler,
    BadAttribute."""
    from recorder.detail import DETAILS, FULL
    from recorder.schema import COMPRESSIONS
    from sim.kernel.attributes import check_processes
    from sim.kernel.schedulers import scheduler
    from sim.kernel.syscalls import ABIS

    options, kept = request.options, request.keeping
    scheduler(options)
    check_processes(options.attributes, len(request.programs))
    check_store(kept.store)
    if kept.detail not in DETAILS:
        raise BadChoice(f"--detail {kept.detail}: {did_you_mean(kept.detail, DETAILS)}")
    if kept.compression not in COMPRESSIONS:
        raise BadChoice(f"--compression {kept.compression}: {did_you_mean(kept.compression, COMPRESSIONS)}")
    if kept.store == "sqlite" and kept.compression != "none":
        raise BadChoice(f"--compression {kept.compression}: SQLite has none; leave it out")
    if request.signature and kept.detail != FULL:
        raise BadChoice(f"--signature reads memory at the run's end: leave --detail {kept.detail} out")
    if options.abi not in ABIS:
        raise BadChoice(f"no ABI is called {options.abi!r}; {did_you_mean(options.abi, ABIS)}")
    check_name(kept.name)


def check_store(store: str) -> None:
    """Raises BadChoice for none."""
    from recorder.store import STORES

    if store not in STORES:
        raise BadChoice(f"no store is called {store!r}; {did_you_mean(store, STORES)}")


def check_name(name: str) -> None:
    """Raises BadChoice for what can't be a recording's."""
    if name == "latest":
        raise BadChoice("--name latest: that is what the newest run is called anyway; choose another name")
