"""What a command asks to be recorded: a program, how to run it, how to keep it."""

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
    """``programs`` are files, ``cflags`` are for the compiler, ``name`` is the recording's; ``doubt`` tells
    what may have been meant otherwise."""

    programs: tuple[Path, ...]
    options: "Options"
    store: str
    name: str
    cflags: tuple[str, ...]
    signature: "Signature | None" = None
    doubt: str = ""


def check_choices(options: "Options", store: str, name: str, programs: int) -> None:
    """Whether everything that is chosen by a name exists. Raises BadChoice, UnknownScheduler, and what
    attributes of processes that aren't there raise."""
    from recorder.store import STORES
    from sim.kernel.attributes import check_processes
    from sim.kernel.schedulers import scheduler
    from sim.kernel.syscalls import ABIS

    scheduler(options)
    check_processes(options.attributes, programs)
    if store not in STORES:
        raise BadChoice(f"no store is called {store!r}; {did_you_mean(store, STORES)}")
    if options.abi not in ABIS:
        raise BadChoice(f"no ABI is called {options.abi!r}; {did_you_mean(options.abi, ABIS)}")
    if name == "latest":
        raise BadChoice("--name latest: that is what the newest run is called anyway; choose another name")
