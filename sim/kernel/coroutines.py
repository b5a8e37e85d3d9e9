"""Coroutines of compiled C++ programs: what the watched instructions mean, as `coroutine` events.

`sim.coroutines` says where to look; when a thread comes to such an instruction, its registers say whether it
does there what it may, and with which frame. A resumed coroutine is *active* on its thread from the first
instruction of its resume function until it leaves that function's code, or another thread resumes it, which
may be earlier: `await_suspend` hands it on while the first still runs. A thread that an exception took out
of a coroutine is noticed at the next watched instruction, by its stack pointer.
"""

from collections.abc import Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.coroutines import CoroutineFunction, Watch, watches
from sim.events import Coroutine
from sim.isa.registers import A0, SP
from sim.kernel import paging
from sim.program import Program
from sim.thread import Thread as ThreadState
from sim.world import Process as ProcessState

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

Key = tuple[int, int]


@dataclass(slots=True)
class Activation:
    """A run of a coroutine on a thread; ``sp`` at the entry of its resume function, ``depth`` and ``call``
    of the call that led there (None: too deep to be kept)."""

    key: Key
    tid: int
    sp: int
    function: CoroutineFunction
    depth: int
    call: tuple[int, int, int] | None


@dataclass(frozen=True, slots=True)
class Arrival:
    """A thread that has come to a watched instruction, and x0..x31."""

    hart: int
    tid: int
    process: ProcessState
    registers: list[int]


class Coroutines:
    """The compiled coroutines of one run.

    Rule for ``_active``: by thread, oldest first; every activation in it is also in ``_running`` under its
    frame. ``_in_ramp``: frames whose ramp hasn't come to the first suspension -> its thread. ``_dying``:
    frames whose destroy function will run the resume function (GCC).
    """

    def __init__(self, kernel: "Kernel") -> None:
        self._kernel = kernel
        self._watches: dict[int, tuple[Program, dict[int, list[Watch]]]] = {}
        self._active: dict[int, list[Activation]] = {}
        self._running: dict[Key, Activation] = {}
        self._in_ramp: dict[Key, int] = {}
        self._dying: set[Key] = set()
        self._functions: dict[Key, CoroutineFunction] = {}

    def watched(self, pid: int) -> Set[int]:
        """Addresses in a process's code at which `reach` wants to be asked."""
        return self._of(pid).keys()

    def _of(self, pid: int) -> dict[int, list[Watch]]:
        program = self._kernel.program_of(pid)
        known = self._watches.get(pid)
        if known is None or known[0] is not program:
            same = next((made for of, made in self._watches.values() if of is program), None)
            known = self._watches[pid] = (program, watches(program) if same is None else same)
        return known[1]

    def forget(self, pid: int) -> None:
        """A process has another program now, and none of its frames."""
        for key in [key for key in self._running if key[0] == pid]:
            self._stop(key)
        for kept in (self._in_ramp, self._functions):
            for key in [key for key in kept if key[0] == pid]:
                del kept[key]
        self._dying = {key for key in self._dying if key[0] != pid}

    def inherit(self, parent: int, child: int) -> None:
        """A forked process has copies of its parent's coroutines. Those that were active stay so in the
        parent only: the child's one thread hasn't been told of on any hart."""
        for (pid, frame), function in list(self._functions.items()):
            if pid == parent:
                self._functions[child, frame] = function

    def reach(self, hart: int, thread: ThreadState, process: ProcessState, pc: int) -> None:
        """The thread is about to execute the watched instruction at ``pc``."""
        at = Arrival(hart, thread.tid, process, thread.registers)
        for watch in self._of(process.pid).get(pc, ()):
            getattr(self, f"_{watch.action}")(at, watch)

    # Ramps.

    def _create(self, at: Arrival, watch: Watch) -> None:
        operands = watch.step.operands
        if at.registers[operands["rs2"]] != watch.function.resume:
            return
        key = (at.process.pid, at.registers[operands["rs1"]])
        self._stop(key)
        self._dying.discard(key)
        self._functions[key] = watch.function
        self._in_ramp[key] = at.tid
        self._emit("created", key, at.tid, at.hart, watch.function.resume)

    def _index(self, at: Arrival, watch: Watch) -> None:
        operands = watch.step.operands
        key = (at.process.pid, at.registers[operands["rs1"]])
        number = watch.function.number_in(at.registers[operands["rs2"]], watch.step)
        if watch.function.starts_inside and number == 0:
            return  # Not a suspension: GCC's coroutines begin with it.
        if self._in_ramp.get(key) == at.tid and self._functions.get(key) is watch.function:
            del self._in_ramp[key]
            self._emit("saved", key, at.tid, at.hart, self._place(watch.function, number))

    def _zero(self, at: Arrival, watch: Watch) -> None:
        operands = watch.step.operands
        key = (at.process.pid, at.registers[operands["rs1"]])
        if self._in_ramp.get(key) == at.tid and self._functions.get(key) is watch.function:
            del self._in_ramp[key]
            self._emit("finished", key, at.tid, at.hart, watch.function.resume)

    # Resume functions.

    def _enter(self, at: Arrival, watch: Watch) -> None:
        key, function, sp = (at.process.pid, at.registers[A0]), watch.function, at.registers[SP]
        if key in self._dying:
            self._dying.discard(key)
            return
        if self._word(at.process, key[1], 8) != function.resume:
            return  # The compiler knows who resumes it: it is part of its caller, and the frame half made.
        self._unwind(at, sp)
        if key in self._running:
            earlier = self._running[key]
            self._leave_one(earlier, self._kernel.world.threads[earlier.tid].hart, at.process)
        self._functions[key] = function
        first = self._in_ramp.get(key) == at.tid and self._starts(key, at.process)
        calls = self._kernel.world.threads[at.tid].calls
        made = Activation(key, at.tid, sp, function, len(calls), calls.at(len(calls)))
        self._active.setdefault(at.tid, []).append(made)
        self._running[key] = made
        if not first:
            self._in_ramp.pop(key, None)
            self._emit("resumed", key, at.tid, at.hart, self._resumption(key, at.process))

    def _leave(self, at: Arrival, watch: Watch) -> None:
        operands = watch.step.operands
        if "offset" in operands:
            target = watch.step.pc + operands["offset"]
        else:
            target = at.registers[operands["rs1"]] + operands["imm"]
        if watch.function.has(target):
            return
        self._unwind(at, at.registers[SP] - 1)
        active = self._active.get(at.tid)
        if active and active[-1].sp == at.registers[SP] and active[-1].function is watch.function:
            self._leave_one(active[-1], at.hart, at.process)

    def _transfer(self, at: Arrival, watch: Watch) -> None:
        active = self._active.get(at.tid)
        if active and active[-1].function is watch.function and active[-1].sp > at.registers[SP]:
            self._leave_one(active[-1], at.hart, at.process)

    def _leave_one(self, gone: Activation, hart: int, process: ProcessState) -> None:
        """It is suspended, for good if its resume function is zero."""
        self._stop(gone.key)
        self._in_ramp.pop(gone.key, None)
        if gone.key not in self._kernel.world.coroutines:
            return
        if self._word(process, gone.key[1], 8) == 0:
            self._emit("finished", gone.key, gone.tid, hart, gone.function.resume)
        else:
            self._emit("saved", gone.key, gone.tid, hart, self._resumption(gone.key, process))

    def _unwind(self, at: Arrival, sp: int) -> None:
        """An exception took the thread out of coroutines entered at ``sp`` or below, or by calls that it
        isn't in any more: they are at an end."""
        active = self._active.get(at.tid)
        calls = self._kernel.world.threads[at.tid].calls
        while active and (active[-1].sp <= sp or active[-1].call != calls.at(active[-1].depth)):
            gone = active[-1]
            self._stop(gone.key)
            self._in_ramp.pop(gone.key, None)
            if gone.key in self._kernel.world.coroutines:
                self._emit("finished", gone.key, at.tid, at.hart, gone.function.resume)

    def _stop(self, key: Key) -> None:
        """Not running any more."""
        activation = self._running.pop(key, None)
        if activation is not None:
            self._active[activation.tid].remove(activation)

    # Ends.

    def _destroy(self, at: Arrival, watch: Watch) -> None:
        key = (at.process.pid, at.registers[A0])
        if watch.function.starts_inside:
            self._dying.add(key)
        self._destroyed(key, at.tid, at.hart, watch.function)

    def _delete(self, at: Arrival, watch: Watch) -> None:
        key = (at.process.pid, at.registers[A0])
        coroutine = self._kernel.world.coroutines.get(key)
        if coroutine is None or coroutine.function != watch.function.resume:
            return
        if key in self._running or key in self._in_ramp:
            self._emit("finished", key, at.tid, at.hart, watch.function.resume)
        self._destroyed(key, at.tid, at.hart, watch.function)

    def _destroyed(self, key: Key, tid: int, hart: int, function: CoroutineFunction) -> None:
        self._stop(key)
        self._in_ramp.pop(key, None)
        if key in self._kernel.world.coroutines:
            self._emit("destroyed", key, tid, hart, function.resume)
        self._functions.pop(key, None)

    # What frames say.

    def _emit(self, action: str, key: Key, tid: int, hart: int, pc: int) -> None:
        function = self._functions[key]
        pid, frame = key
        self._kernel.emit(
            Coroutine(
                hart=hart,
                tid=tid,
                pid=pid,
                action=action,
                frame=frame,
                size=function.size,
                pc=pc,
                function=function.resume,
            )
        )

    def _resumption(self, key: Key, process: ProcessState) -> int:
        """Where the coroutine resumes, by the number of its suspension."""
        function = self._functions[key]
        if function.index is None:
            return function.resume
        offset, size = function.index
        return self._place(function, self._word(process, key[1] + offset, size))

    def _starts(self, key: Key, process: ProcessState) -> bool:
        """True if the resume function runs the part before the first suspension."""
        function = self._functions[key]
        if not function.starts_inside or function.index is None:
            return function.starts_inside
        offset, size = function.index
        return self._word(process, key[1] + offset, size) == 0

    def _place(self, function: CoroutineFunction, number: int) -> int:
        return function.places.get(number, function.resume)

    def _word(self, process: ProcessState, address: int, size: int) -> int:
        """Unsigned; -1 where nothing can be read: not a frame."""
        try:
            data = paging.copy_in(self._kernel.world, process, address, size)
        except paging.BadAddress:
            return -1
        return int.from_bytes(data, "little")
