"""What a command asks to be recorded: programs, how to run them, how to keep that."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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
    """``programs`` are files, a process each; ``cflags`` are for the compiler, ``name`` is the recording's,
    ``files`` is the URL below which its files go, "" where they go anyway; ``doubt`` tells what may have been
    meant otherwise, "" if nothing."""

    programs: tuple[Path, ...]
    options: "Options"
    store: str
    name: str
    cflags: tuple[str, ...]
    signature: "Signature | None"
    doubt: str = ""
    files: str = ""


def check_choices(request: Request) -> None:
    """Whether everything that is chosen by a name or number exists. Raises BadChoice, UnknownScheduler,
    BadAttribute."""
    from recorder.store import STORES
    from sim.kernel.attributes import check_processes
    from sim.kernel.schedulers import scheduler
    from sim.kernel.syscalls import ABIS

    options, store, name = request.options, request.store, request.name
    scheduler(options)
    check_processes(options.attributes, len(request.programs))
    if store not in STORES:
        raise BadChoice(f"no store is called {store!r}; {did_you_mean(store, STORES)}")
    if options.abi not in ABIS:
        raise BadChoice(f"no ABI is called {options.abi!r}; {did_you_mean(options.abi, ABIS)}")
    if name == "latest":
        raise BadChoice("--name latest: that is what the newest run is called anyway; choose another name")
