"""Why a run ended badly, in the user's terms: the faulting line, or who waits for whom in a deadlock; and
which command shows more."""

from collections.abc import Iterator

from recorder.run import RunRow
from replay.recording import Recording
from sim.kernel.kernel import Kernel
from sim.kernel.traps import Death
from sim.program import Place
from sim.signals import NAMES
from sim.space import PAGE
from simrec.programs import Executable

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


def explain(run: RunRow, kernel: Kernel, executable: Executable, reason: str) -> Iterator[str]:
    """Lines for a fault, a deadlock or a stop; none for a run that ended well."""
    for death in kernel.deaths:
        yield from _death(run, death, executable)
    for kill in kernel.kills if not kernel.deaths else ():
        where = _asked(_recording(run), kill.calls, kill.pc)
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


def _death(run: RunRow, death: Death, executable: Executable) -> Iterator[str]:
    fault, program = death.fault, executable.program
    name = program.name_of(fault.address)
    address = f"{fault.address:#x}" + (f" <{name}>" if name else "")
    told = _TOLD[fault.cause].format(address=address)
    if 0 <= fault.address < PAGE:
        told += " (a null pointer?)"
    if fault.cause in ("fetch", "illegal_instruction"):
        place = _came_from(run, death) or death.place
    else:
        place = death.place
    where = str(place) or "before the first instruction"
    yield f"{where}: thread {fault.tid} {told} (signal {signal_name(fault.signal)})"
    text = executable.sources.get(place.file, "").splitlines()
    if 0 < place.line <= len(text):
        yield f"  {place.line} | {text[place.line - 1].strip()}"


def _came_from(run: RunRow, death: Death) -> Place | None:
    """The place of the thread's last instruction, where the pc of the fault itself says nothing."""
    recording = _recording(run)
    fault = death.fault
    first = max(fault.seq - _LOOK_BACK, 0)
    table = recording.log.table("instruction", first, fault.seq, columns=["pc"], tid=fault.tid)
    return recording.place(table.column("pc")[-1].as_py()) if table.num_rows else None


def _deadlock(run: RunRow, kernel: Kernel) -> Iterator[str]:
    """Every blocked thread, what it waits for and who holds that, and the line of the program that asked."""
    from replay.analyses.contention import locks_at
    from replay.threadview import awaited

    recording = _recording(run)
    locks = locks_at(recording.log, run.events - 1)
    yield "deadlock: every thread is blocked and nothing will wake one"
    for thread in kernel.world.threads.values():
        if thread.state == "blocked":
            what = awaited(recording, kernel.world, thread, locks)
            where = _asked(recording, thread.calls.kept(), thread.pc)
            yield f"  thread {thread.tid} waits for {what}, at {where}"


def _asked(recording: Recording, calls: list[tuple[int, int, int]], pc: int) -> str:
    """The innermost line that isn't the runtime library's."""
    places = [recording.place(pc - 4), *(recording.place(link - 1) for _, link, _ in reversed(calls))]
    own = next((found for place in places if (found := place.own()) is not None), places[0])
    source = f"{own.file}:{own.line}" if own.line else ""
    return f"{own}{recording.quoted(source)}"


def _recording(run: RunRow) -> Recording:
    """The run that has just ended."""
    from simrec.open import open_recording

    return open_recording(run.id)
