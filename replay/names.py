"""What the addresses of one process are called while it runs one program: functions, lines, variables, and
which numbers are pointers."""

import re
from bisect import bisect_right
from collections.abc import Mapping
from functools import cached_property

from recorder.reader import Log
from replay.processes import Loaded
from replay.spaces import Spaces
from sim.code import CodeRow
from sim.coroutines import CoroutineFunction, find_coroutines
from sim.program import Place

_COMMENT = re.compile(r"\s(#|//|/\*).*")
#: Characters of a source line that are quoted.
QUOTED = 48


class Names:
    """The names of process ``pid`` with what it has ``loaded``. ``owners``: thread -> process, if there are
    several processes to tell apart."""

    def __init__(self, log: Log, spaces: Spaces, pid: int, loaded: Loaded, owners: Mapping[int, int]) -> None:
        self.pid = pid
        self.owners = owners
        self.program = loaded.program
        self._log = log
        self._spaces = spaces
        self._lines = loaded.lines

    def thread(self, tid: int) -> str:
        """``thread 3``, or ``thread 3 of process 2``."""
        return f"thread {tid}" + (f" of process {self.owners[tid]}" if tid in self.owners else "")

    @property
    def bare(self) -> bool:
        """True if the run had no operating system."""
        return self._spaces.bare

    # Code.

    def place(self, pc: int) -> Place:
        """Function and source line of an address of code."""
        return self.program.locate(pc)

    def code_at(self, pc: int, seq: int) -> CodeRow | None:
        """What stood at ``pc`` at event ``seq``."""
        rows = self._log.code.get((self.pid, pc), ())
        return next((row for row in reversed(rows) if row.seq <= seq), None)

    def source_line(self, file: str, line: int) -> str:
        """The text of a source line, stripped; empty if it isn't known."""
        lines = self._lines.get(file, [])
        return lines[line - 1].strip() if 0 < line <= len(lines) else ""

    def quoted(self, source: str) -> str:
        """`` | `` and the text of a line given as ``file:line``, without its comment, blanks collapsed, at
        most QUOTED characters of it; empty if it isn't known."""
        file, _, line = source.rpartition(":")
        text = self.source_line(file, int(line)) if line.isdigit() else ""
        text = " ".join((text if '"' in text or "'" in text else _COMMENT.sub("", text)).split())
        cut = text if len(text) <= QUOTED else f"{text[: QUOTED - 3]}..."
        return f" | {cut}" if text else ""

    @cached_property
    def coroutines(self) -> dict[int, CoroutineFunction]:
        """The compiled coroutines of the program, by the address of the function that resumes them."""
        return {each.resume: each for each in find_coroutines(self.program)}

    def coroutine_name(self, entry: int) -> str:
        """The function that is a coroutine, by where it is entered: without the part of it that a compiler's
        symbol names."""
        return self.place(entry).function.partition(" (.")[0]

    def resumption(self, function: int, pc: int) -> tuple[str, int]:
        """(file, line) of the suspension at which a compiled coroutine resumes at ``pc``: what the compiler
        says of the place, else of the code there."""
        known = self.coroutines.get(function)
        if known is not None and known.frame is not None and pc in known.frame.lines:
            return known.frame.lines[pc]
        place = self.place(pc)
        return (place.callers[-1].file, place.callers[-1].line) if place.callers else (place.file, place.line)

    # Data.

    def address_name(self, address: int) -> str:
        """``symbol``, ``symbol+offset`` or hex."""
        return self.program.name_of(address) or f"{address:#x}"

    def data_name(self, address: int) -> str:
        """``symbol``, ``symbol+offset``, or hex and whether that is on the heap, a thread's stack or
        shared by processes."""
        name = self.program.name_of(address)
        if name:
            return name
        for tid, stack in self._stacks.items():
            if address in stack:
                return f"{address:#x} (stack of thread {tid})"
        if self._spaces.shared_by(self.pid, address) is not None:
            return f"{address:#x} (shared memory)"
        return f"{address:#x} (heap)" if self._is_mapped(address) and not self.bare else f"{address:#x}"

    def number(self, value: int) -> str:
        """A value as people read it: hex if it may be an address (the process had memory there) or is very
        large, else decimal."""
        if self._is_mapped(value) or not -(1 << 31) <= value < 1 << 31:
            return f"{value & (1 << 64) - 1:#x}"
        return str(value)

    def pointer(self, value: int) -> str:
        """`number`, with the name of what it points to."""
        name = self.program.name_of(value) if value > 0 else ""
        return f"{value:#x} <{name}>" if name else self.number(value)

    def _is_mapped(self, address: int) -> bool:
        """True if the process ever had memory there."""
        index = bisect_right(self._mapped, address, key=lambda span: span[0]) - 1
        return index >= 0 and address < self._mapped[index][1]

    @cached_property
    def _mapped(self) -> list[tuple[int, int]]:
        return self._spaces.mapped(self.pid)

    @cached_property
    def _stacks(self) -> dict[int, range]:
        return self._spaces.stacks(self.pid)
