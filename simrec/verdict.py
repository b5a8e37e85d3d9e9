"""Why a run ended badly, in the user's terms: the faulting line, or who waits for whom in a deadlock; and
which command shows more."""

from collections.abc import Iterator

from recorder.run import RunRow
from replay.names import Names
from replay.recording import Recording
from sim.kernel.kernel import Kernel
from sim.kernel.traps import Death
from sim.program import Place
from sim.signals import NAMES
from sim.space import PAGE

#: cause of a fault -> what the thread did; {address} is the access or target.
_TOLD = {
    "illegal_instruction": "came to {address}, where no legal instruction stands",
    "breakpoint": "ran into ebreak at {address}",
    "fetch": "jumped to {address}, where no code is",
    "load": "loaded from {address}, which the process may not read",
    "store": "stored to {address}, which the process may not write",
    "misaligned_atomic": "did an atomic access to {address}, which is not aligned",
    "misaligned_fetch": "jumped to {address}, where no instruction can start",
    "stack_overflow": "overflowed its stack: it touched {address}, in the guard page below",
    "out_of_memory": "found no memory left for {address}; more with --ram",
}
#: Instructions before a fault that are searched for the jump that led there.
_LOOK_BACK = 4096


def signal_name(number: int) -> str:
    """``11 (SIGSEGV)``."""
    return f"{number} ({NAMES[number]})" if number in NAMES else str(number)


def explain(run: RunRow, kernel: Kernel, reason: str) -> Iterator[str]:
    """Lines for a fault, a deadlock or a stop; none for a run that ended well."""
    for death in kernel.deaths:
        yield from _death(_recording(run), death)
    for kill in kernel.kills if not kernel.deaths else ():
        names = _recording(run).names(kernel.world.threads[kill.tid].pid, kill.seq)
        where = _asked(names, kill.calls, kill.pc)
        yield f"thread {kill.tid} took signal {signal_name(kill.number)}, which ended the process, at {where}"
    if reason == "deadlock":
        yield from _deadlock(run, kernel)
    if reason == "max_events":
        yield "the program had not ended: a larger --max-events records more"


def next_command(run: RunRow, kernel: Kernel, reason: str) -> str:
    """What to type to see the most telling moment of the run."""
    if kernel.deaths:
        return f"simrec replay --at {kernel.deaths[0].fault.seq} {run.id}"
    if kernel.kills:
        return f"simrec replay --at {kernel.kills[0].seq} {run.id}"
    if reason in ("deadlock", "max_events", "interrupted"):
        return f"simrec replay --at {run.events - 1} {run.id}"
    return f"simrec events {run.id}, simrec replay --at {run.events // 2} {run.id}"


def _death(recording: Recording, death: Death) -> Iterator[str]:
    fault = death.fault
    names = recording.names(fault.pid, fault.seq)
    name = names.program.name_of(fault.address)
    address = f"{fault.address:#x}" + (f" <{name}>" if name else "")
    told = _TOLD[fault.cause].format(address=address)
    if 0 <= fault.address < PAGE:
        told += " (a null pointer?)"
    if fault.cause in ("fetch", "illegal_instruction"):
        place = _came_from(recording, death) or death.place
    else:
        place = death.place
    where = str(place) or "before the first instruction"
    who = f"thread {fault.tid}" + (f" of process {fault.pid}" if recording.processes.several else "")
    yield f"{where}: {who} {told} (signal {signal_name(fault.signal)})"
    text = names.source_line(place.file, place.line)
    if text:
        yield f"  {place.line} | {text}"


def _came_from(recording: Recording, death: Death) -> Place | None:
    """The place of the thread's last instruction, where the pc of the fault itself says nothing."""
    fault = death.fault
    first = max(fault.seq - _LOOK_BACK, 0)
    table = recording.log.table("instruction", first, fault.seq, columns=["pc"], tid=fault.tid)
    names = recording.names(fault.pid, fault.seq)
    return names.place(table.column("pc")[-1].as_py()) if table.num_rows else None


def _deadlock(run: RunRow, kernel: Kernel) -> Iterator[str]:
    """Every blocked thread, what it waits for and who holds that, and the line of the program that asked."""
    from replay.analyses.contention import locks_at
    from replay.threadview import awaited

    recording = _recording(run)
    locks = locks_at(recording.log, run.events - 1)
    yield "deadlock: every thread is blocked and nothing will wake one"
    for thread in kernel.world.threads.values():
        if thread.state == "blocked":
            names = recording.names(thread.pid, recording.last_seq)
            what = awaited(names, kernel.world, thread, locks)
            where = _asked(names, thread.calls.kept(), thread.pc)
            owner = f" of process {thread.pid}" if recording.processes.several else ""
            yield f"  thread {thread.tid}{owner} waits for {what}, at {where}"


def _asked(names: Names, calls: list[tuple[int, int, int]], pc: int) -> str:
    """The innermost line that isn't the runtime library's."""
    places = [names.place(pc - 4), *(names.place(link - 1) for _, link, _ in reversed(calls))]
    own = next((found for place in places if (found := place.own()) is not None), places[0])
    source = f"{own.file}:{own.line}" if own.line else ""
    return f"{own}{names.quoted(source)}"


def _recording(run: RunRow) -> Recording:
    """The run that has just ended."""
    from simrec.open import open_recording

    return open_recording(run.id)
