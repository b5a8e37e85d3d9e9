"""Where in the program a lock was taken: the first caller that is neither a library nor a wrapper.

Calls of lock functions and the `Roles` in, the address of a call in the program's own code out. Most are
called from there; for the others the thread's call stack at that moment is found from its call events: a
call's caller made the last call before it with a higher stack pointer.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from replay.locks import Roles
from replay.recording import Recording
from sim.program import Place

IntArray = NDArray[np.int64]
#: Callers that are asked, from the lock function outwards.
DEEPEST = 64
#: (thread, last event) -> seq, pc and sp of the thread's calls up to there, or of those it was then in.
CallsOf = Callable[[int, int], list[NDArray[np.int64]]]
_OWN, _WRAPPER, _FOREIGN = range(3)


@dataclass(frozen=True)
class Frame:
    """A function, inlined or not, and the place that it has come to."""

    function: str
    file: str
    line: int


@dataclass(frozen=True)
class Sites:
    """For each call: ``pc``, where the program's own code called; ``asked``: a library, not a wrapper, asked
    for the lock on its own account; ``own`` and ``foreign``: the place is the program's own, a library's."""

    pc: IntArray
    asked: NDArray[np.bool_]
    own: NDArray[np.bool_]
    foreign: NDArray[np.bool_]

    @property
    def internal(self) -> NDArray[np.bool_]:
        """The libraries' own locks: also those where no caller is the program's own, if others' are."""
        return self.asked | (self.foreign & self.own.any())


class SiteNames:
    """Frames of addresses, and what they are by the roles; each address is looked up once. An address is one
    in a ``use``: a process and the program that it runs (`replay.processes.Processes.uses`)."""

    def __init__(self, recording: Recording, roles: Roles, lock_functions: frozenset[str]) -> None:
        self._recording = recording
        self._roles = roles
        self._lock_functions = lock_functions
        self._known: dict[tuple[int, int], tuple[int, Frame]] = {}

    def kind(self, use: int, pc: int) -> int:
        """_OWN if one of the frames at an address is the program's, else _FOREIGN if one is a library's."""
        return self._of(use, pc)[0]

    def frame(self, use: int, pc: int) -> Frame:
        """The innermost frame that is the program's own, else no wrapper, else any."""
        return self._of(use, pc)[1]

    def told(self, use: int, pc: int) -> str:
        """Source line and function, with the calls inlined there but for those that aren't the program's."""
        place, frame = self._recording.names_in(use).place(pc), self.frame(use, pc)
        if (place.file, place.line) == (frame.file, frame.line):
            return str(place)
        return f"{frame.file}:{frame.line} <{frame.function}>" if frame.line else frame.function

    def _of(self, use: int, pc: int) -> tuple[int, Frame]:
        if (use, pc) not in self._known:
            self._known[use, pc] = self._classify(frames(self._place(use, pc)))
        return self._known[use, pc]

    def _place(self, use: int, pc: int) -> Place:
        """Code that the compiler shares between lines has none: then that of what comes before it in the
        function."""
        names = self._recording.names_in(use)
        place = found = names.place(pc)
        back = 0
        while not found.line and back < place.offset:
            back += 2
            found = names.place(pc - back)
        return found if found.line and not place.line else place

    def _classify(self, found: list[Frame]) -> tuple[int, Frame]:
        kind, shown = _WRAPPER, found[0]
        for frame in found:
            if self._roles.is_wrapper(frame.function, frame.file) or frame.function in self._lock_functions:
                continue
            if frame.line and not self._roles.is_library(frame.file):
                return (_OWN if kind == _WRAPPER else _FOREIGN), frame
            kind, shown = _FOREIGN, frame if kind == _WRAPPER else shown
        return kind, shown


def frames(place: Place) -> list[Frame]:
    """The functions at a place, the innermost first."""
    called = [Frame(caller.function, caller.file, caller.line) for caller in place.callers]
    return [Frame(place.function, place.file, place.line), *called]


def find_sites(
    calls_of: CallsOf,
    names: SiteNames,
    use: IntArray,
    seq: IntArray,
    tid: IntArray,
    pc: IntArray,
    sp: IntArray,
) -> Sites:
    """The sites of calls (and tail jumps) by threads, ``sp`` at each."""
    site, internal, kinds = pc.copy(), np.zeros(len(pc), bool), _kinds(names, use, pc)
    for thread in np.unique(tid[kinds != _OWN]).tolist():
        mine = np.flatnonzero((tid == thread) & (kinds != _OWN))
        kinds[mine] = _climb(calls_of, names, thread, mine, (use, seq, sp), site, internal)
    return Sites(site, internal, kinds == _OWN, kinds == _FOREIGN)


def _kinds(names: SiteNames, use: IntArray, pc: IntArray) -> IntArray:
    different, place = pairs(use, pc)
    return np.array([names.kind(*each) for each in different], np.int64)[place]


def pairs(use: IntArray, value: IntArray) -> tuple[list[tuple[int, int]], IntArray]:
    """The different pairs of uses and values, and the index of each into them."""
    uses, first = np.unique(use, return_inverse=True)
    values, second = np.unique(value, return_inverse=True)
    keys, place = np.unique(first * len(values) + second, return_inverse=True)
    return [(int(uses[key // len(values)]), int(values[key % len(values)])) for key in keys.tolist()], place


def _climb(
    calls_of: CallsOf,
    names: SiteNames,
    thread: int,
    mine: IntArray,
    at: tuple[IntArray, IntArray, IntArray],
    site: IntArray,
    internal: NDArray[np.bool_],
) -> IntArray:
    """Fill in ``site`` and ``internal`` of the calls ``mine`` of one thread, made ``at`` (use, seq, sp); the
    kinds of what they now are. Where no caller is the program's own, the innermost that is no wrapper
    stands."""
    use, when, height = (values[mine] for values in at)
    seq, pc, sp = calls_of(thread, int(when.max()))
    outer = _callers(sp)
    caller = np.searchsorted(seq, when) - 1
    while len(low := np.flatnonzero((caller >= 0) & (sp[caller] < height))):
        caller[low] = outer[caller[low]]
    # A call at the same height stands beside this one; only a jump has its own function's call there.
    is_call = np.isin(when, seq)
    while len(beside := np.flatnonzero(is_call & (caller >= 0) & (sp[caller] <= height))):
        caller[beside] = outer[caller[beside]]
    kind = _kinds(names, use, site[mine])
    foreign, best = kind == _FOREIGN, np.where(kind == _FOREIGN, site[mine], -1)
    for _ in range(DEEPEST):
        left = np.flatnonzero((kind != _OWN) & (caller >= 0))
        if not len(left):
            break
        here = pc[caller[left]]
        kind[left] = _kinds(names, use[left], here)
        found = left[kind[left] == _OWN]
        site[mine[found]], internal[mine[found]] = pc[caller[found]], foreign[found]
        strange = left[kind[left] == _FOREIGN]
        foreign[strange] = True
        best[strange] = np.where(best[strange] < 0, pc[caller[strange]], best[strange])
        caller[left] = outer[caller[left]]
    lost = (kind != _OWN) & (best >= 0)
    site[mine[lost]] = best[lost]
    kind[lost] = _FOREIGN
    return kind


def _callers(sp: IntArray) -> IntArray:
    """For each call of a thread the last one before it with a higher stack pointer, -1 for none: by going
    from each to where the one before has come, until that is higher."""
    found = np.arange(len(sp)) - 1
    while len(low := np.flatnonzero((found >= 0) & (sp[found] <= sp))):
        found[low] = found[found[low]]
    return found
