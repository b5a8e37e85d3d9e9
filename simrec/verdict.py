"""Why a run ended badly, in the user's terms: the faulting line, or who waits for whom in a deadlock."""

from collections.abc import Iterator

from recorder.run import RunRow
from sim.kernel.kernel import Death, Kernel
from simrec.programs import Executable

_SIGNAL_NAMES = {4: "SIGILL", 5: "SIGTRAP", 7: "SIGBUS", 9: "SIGKILL", 11: "SIGSEGV"}

#: cause of a fault -> how it is told; {address} is the access or target.
_TOLD = {
    "illegal_instruction": "no legal instruction stands at {address}",
    "breakpoint": "ebreak at {address}",
    "fetch": "jumped to {address}, where no code is",
    "load": "loaded from {address}, which the process may not read",
    "store": "stored to {address}, which the process may not write",
    "misaligned_atomic": "atomic access to {address}, which is not aligned",
    "misaligned_fetch": "jumped to {address}, where no instruction can start",
    "stack_overflow": "stack overflow: touched {address}, the guard page below its stack",
    "out_of_memory": "no memory left for {address}; more with --ram",
}


def explain(run: RunRow, kernel: Kernel, executable: Executable, reason: str) -> Iterator[str]:
    """Lines for a fault or a deadlock; none for a run that ended well."""
    for death in kernel.deaths:
        yield from _death(run, death, executable)
    if reason == "deadlock":
        yield from _deadlock(run, kernel)
    if reason == "max_events":
        yield f"the log has {run.events:,} events (--max-events); the program had not ended"


def _death(run: RunRow, death: Death, executable: Executable) -> Iterator[str]:
    fault, place = death.fault, death.place
    told = _TOLD[fault.cause].format(address=f"{fault.address:#x}")
    signal = _SIGNAL_NAMES[fault.signal]
    where = str(place) or "unknown code"
    yield f"{where}: thread {fault.tid} {told} ({signal}, pc {fault.pc:#x})"
    text = executable.sources.get(place.file, "").splitlines()
    if 0 < place.line <= len(text):
        yield f"  {place.line} | {text[place.line - 1].strip()}"
    yield f"see the moment: simrec replay --at {fault.seq} {run.id}"


def _deadlock(run: RunRow, kernel: Kernel) -> Iterator[str]:
    """Every blocked thread, what it waits for and who holds that."""
    from replay.analyses.contention import locks_at

    from recorder.catalog import Catalog
    from recorder.reader import Log

    log = Log.open(Catalog.open(), run.id)
    locks = {lock.address: lock for lock in locks_at(log, run.events - 1)}
    yield "deadlock: every thread is blocked and nothing will wake one"
    for thread in kernel.world.threads.values():
        if thread.state != "blocked":
            continue
        place = kernel.program.locate(thread.pc - 4)
        lock = locks.get(thread.address)
        what = f"{lock.name}" if lock else f"{thread.on} {thread.address:#x}"
        holder = f", held by thread {lock.holder}" if lock and lock.holder else ""
        yield f"  thread {thread.tid} waits for {what}{holder}, at {place}"
    yield f"see everyone's stack: simrec replay --at {run.events - 1} {run.id}"
