"""Why a run ended badly, in the user's terms: the faulting line, or who waits for whom in a deadlock; and
which command shows more."""

from collections.abc import Iterator

from recorder.detail import CHOICES, FULL
from recorder.run import RunRow
from replay.names import Names
from replay.recording import Recording
from sim.kernel.kernel import Kernel
from sim.kernel.traps import Death
from sim.program import Place, Program
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
#: The same on a machine without an operating system. {pc} is where, {held} what stands there.
_TOLD_BARE = {
    "illegal_instruction": "came to {pc}, where {held} stands, which is no instruction{why}",
    "ecall": "made an ecall at {pc}: there is no operating system to call",
    "fetch": "went to {address}: {outside}",
    "load": "loaded from {address}: {outside}",
    "store": "stored to {address}: {outside}",
    "misaligned_atomic": "did an atomic access to {address}, which is not aligned",
}
#: Instructions before a fault that are searched for the jump that led there.
_LOOK_BACK = 4096


def signal_name(number: int) -> str:
    """``11 (SIGSEGV)``."""
    return f"{number} ({NAMES[number]})" if number in NAMES else str(number)


def explain(run: RunRow, kernel: Kernel, reason: str) -> Iterator[str]:
    """Lines for a fault, a deadlock or a stop; none for a run that ended well."""
    for death in kernel.deaths:
        recording = _recording(run)
        told = _told_bare(recording, death, kernel) if recording.bare else _told(recording, death)
        yield from _death(recording, death, told)
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
    usual = _telling(run, kernel, reason)
    return usual if run.detail == FULL else f"simrec rebuild {run.id}, then {usual}"


def _telling(run: RunRow, kernel: Kernel, reason: str) -> str:
    if kernel.deaths:
        return f"simrec replay --at {kernel.deaths[0].fault.seq} {run.id}"
    if kernel.kills:
        return f"simrec replay --at {kernel.kills[0].seq} {run.id}"
    if reason in ("deadlock", "max_events", "interrupted"):
        return f"simrec replay --at {run.events - 1} {run.id}"
    if reason == "halted":
        return f"simrec memory {run.id}, simrec replay {run.id}"
    return f"simrec events {run.id}, simrec replay --at {run.events // 2} {run.id}"


def _told(recording: Recording, death: Death) -> str:
    """What the thread did."""
    fault = death.fault
    address = _named(fault.address, recording.names(fault.pid, fault.seq).program)
    null = " (a null pointer?)" if 0 <= fault.address < PAGE else ""
    who = f"thread {fault.tid}" + (f" of process {fault.pid}" if recording.processes.several else "")
    told = _TOLD[fault.cause].format(address=address)
    return f"{who} {told}{null} (signal {signal_name(fault.signal)})"


def _told_bare(recording: Recording, death: Death, kernel: Kernel) -> str:
    """What the hart did."""
    fault, world = death.fault, kernel.world
    program = recording.names(fault.pid, fault.seq).program
    word = int.from_bytes(world.processes[fault.pid].space.read(world, fault.pc & -2, 4), "little")
    told = _TOLD_BARE[fault.cause].format(
        address=_named(fault.address, program),
        pc=_named(fault.pc, program),
        held=f"{word:#010x}",
        why=_why_not(program, fault.pc, word),
        outside=f"ram is 0 to {kernel.options.ram:#x}",
    )
    return f"hart {fault.hart} {told}"


def _why_not(program: Program, pc: int, word: int) -> str:
    """Why there may be no instruction at ``pc``, where ``word`` stands."""
    if any(pc in segment for segment in program.segments):
        return "" if any(pc in s for s in program.segments if "x" in s.permissions) else ": it is data"
    return "" if word else ": nothing was placed there; a program ends with ebreak"


def _named(address: int, program: Program) -> str:
    name = program.name_of(address)
    return f"{address:#x}" + (f" <{name}>" if name else "")


def _death(recording: Recording, death: Death, told: str) -> Iterator[str]:
    fault = death.fault
    names = recording.names(fault.pid, fault.seq)
    if fault.cause in ("fetch", "illegal_instruction"):
        place = _came_from(recording, death) or death.place
    else:
        place = death.place
    where = str(place) or ("" if recording.bare else "before the first instruction")
    yield f"{where}: {told}" if where else told
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
    locks = locks_at(recording, run.events - 1) if run.detail == FULL else []
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

    return open_recording(run.id, CHOICES)
