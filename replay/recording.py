"""A recording as questions see it: the log, what its addresses are called, and the state at any event."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property

from recorder.errors import RunDamaged
from recorder.reader import Log
from replay.fold import fold
from sim.code import CodeRow
from sim.coroutines import CoroutineFunction, find_coroutines
from sim.errors import UserError
from sim.isa.registers import SP
from sim.program import BadProgram, Place, Program
from sim.thread import unpack
from sim.world import World

_COMMENT = re.compile(r"\s(#|//|/\*).*")
#: Characters of a source line that are quoted.
QUOTED = 48


class NoSuchEvent(UserError):
    """A seq that the log doesn't have."""

    exit_status = 2


class Recording:
    """``log`` with its program's names. Everything is read when it is first asked for."""

    def __init__(self, log: Log) -> None:
        self.log = log

    @property
    def bare(self) -> bool:
        """True if the run had no operating system."""
        return bool(self.log.run.options.get("bare"))

    @cached_property
    def program(self) -> Program:
        """Symbols and lines; empty if the ELF can't be read any more."""
        name = self.log.run.program
        try:
            return Program.from_elf(name, self.log.elf, flat=self.bare)
        except (BadProgram, RunDamaged):
            return Program(name, 0, [])

    def losses(self) -> Iterator[str]:
        """What of the run can't be read any more, a line each. Events before the damage, and all events
        where only names are missing, can be shown."""
        if self.log.damage is not None:
            yield str(self.log.damage)
        for what, names in (("elf", "functions and variables"), ("sources", "source lines")):
            try:
                getattr(self.log, what)
            except RunDamaged as damage:
                yield f"run {damage.run}: {damage.file} can't be read; {names} go without their names"

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

    @property
    def last_seq(self) -> int:
        """The last event that can be read."""
        damage = self.log.damage
        return (self.log.end_seq if damage is None else damage.good) - 1

    def check_seq(self, seq: int) -> None:
        """Raises NoSuchEvent."""
        run, last = self.log.run.id, self.last_seq
        if last < 0:
            raise NoSuchEvent(f"run {run} has no events: remove it with `simrec rm {run}`")
        if not 0 <= seq <= last:
            nearest = last if seq > 0 else 0
            raise NoSuchEvent(
                f"run {run} has events 0 to {last}, not {seq}: try `simrec replay --at {nearest} {run}`"
            )

    def state(self, seq: int) -> World:
        """The world just after event ``seq``: the nearest image before it, and the events since. Raises
        NoSuchEvent."""
        self.check_seq(seq)
        image = self.log.image_before(seq)
        world = image.restore() if image is not None else World()
        self.advance(world, seq)
        return world

    def advance(self, world: World, seq: int) -> None:
        """Take a world that `state` gave on to just after event ``seq``."""
        fold(world, self.log, seq)

    def code_of(self, tid: int, pc: int, seq: int) -> CodeRow | None:
        """What stood at ``pc``, for a thread, at event ``seq``."""
        rows = self.log.code.get((self.pids.get(tid, 0), pc), ())
        return next((row for row in reversed(rows) if row.seq <= seq), None)

    @cached_property
    def pids(self) -> dict[int, int]:
        """The process of every thread of the run."""
        table = self.log.table("thread", last=self.last_seq, columns=["tid", "pid"])
        return dict(zip(table.column("tid").to_pylist(), table.column("pid").to_pylist(), strict=True))

    def place(self, pc: int) -> Place:
        """Function and source line of an address of code."""
        return self.program.locate(pc)

    def source_line(self, file: str, line: int) -> str:
        """The text of a source line, stripped; empty if it isn't known."""
        lines = self._lines.get(file, [])
        return lines[line - 1].strip() if 0 < line <= len(lines) else ""

    @cached_property
    def _lines(self) -> dict[str, list[str]]:
        try:
            return {file: text.splitlines() for file, text in self.log.sources.items()}
        except RunDamaged:
            return {}

    def quoted(self, source: str) -> str:
        """`` | `` and the text of a line given as ``file:line``, without its comment, blanks collapsed, at
        most QUOTED characters of it; empty if it isn't known."""
        file, _, line = source.rpartition(":")
        text = self.source_line(file, int(line)) if line.isdigit() else ""
        text = " ".join((text if '"' in text or "'" in text else _COMMENT.sub("", text)).split())
        cut = text if len(text) <= QUOTED else f"{text[: QUOTED - 3]}..."
        return f" | {cut}" if text else ""

    def address_name(self, address: int) -> str:
        """``symbol``, ``symbol+offset`` or hex."""
        return self.program.name_of(address) or f"{address:#x}"

    def data_name(self, address: int) -> str:
        """``symbol``, ``symbol+offset``, or hex and whether that is on the heap or a thread's stack."""
        name = self.program.name_of(address)
        if name:
            return name
        for tid, stack in self.stacks.items():
            if address in stack:
                return f"{address:#x} (stack of thread {tid})"
        return f"{address:#x} (heap)" if self._is_mapped(address) and not self.bare else f"{address:#x}"

    @cached_property
    def stacks(self) -> dict[int, range]:
        """The memory that each thread's stack pointer was in when it began, if it was made to be a stack."""
        if self.bare:
            return {}
        columns = ["action", "address", "length", "name"]
        found = self.log.table("memory_map", last=self.last_seq, columns=columns).to_pylist()
        regions = sorted(
            (row["address"], row["address"] + row["length"])
            for row in found
            if row["action"] == "mapped" and row["name"] != "heap"
        )
        stacks = {}
        for tid, sp in self.first_sp.items():
            # The stack grows down: its first word is below the pointer.
            index = bisect_right(regions, sp - 1, key=lambda region: region[0]) - 1
            if index >= 0 and sp - 1 < regions[index][1]:
                stacks[tid] = range(*regions[index])
        return stacks

    @cached_property
    def first_sp(self) -> dict[int, int]:
        """The stack pointer that each thread began with."""
        created = self.log.table("thread", last=self.last_seq, columns=["action", "tid", "registers"])
        return {
            row["tid"]: int(unpack(row["registers"])[SP])
            for row in created.to_pylist()
            if row["action"] == "created"
        }

    def number(self, value: int) -> str:
        """A value as people read it: hex if it may be an address (the program had memory there) or is very
        large, else decimal."""
        if self._is_mapped(value) or not -(1 << 31) <= value < 1 << 31:
            return f"{value & (1 << 64) - 1:#x}"
        return str(value)

    def _is_mapped(self, address: int) -> bool:
        """True if the program ever had memory there."""
        index = bisect_right(self._mapped, address, key=lambda span: span[0]) - 1
        return index >= 0 and address < self._mapped[index][1]

    def pointer(self, value: int) -> str:
        """`number`, with the name of what it points to."""
        name = self.program.name_of(value) if value > 0 else ""
        return f"{value:#x} <{name}>" if name else self.number(value)

    @cached_property
    def _mapped(self) -> list[tuple[int, int]]:
        """[start, end) of all memory that the program ever had, ascending, apart; without an operating
        system, which all of it is, that it ever used."""
        had = ("paged_in",) if self.bare else ("mapped", "grown")
        columns = ["action", "address", "length"]
        table = self.log.table("memory_map", last=self.last_seq, columns=columns).to_pylist()
        spans: list[tuple[int, int]] = []
        for row in sorted(table, key=lambda row: row["address"]):
            start, end = row["address"], row["address"] + row["length"]
            if row["action"] not in had:
                continue
            if spans and start <= spans[-1][1]:
                start, end = spans[-1][0], max(end, spans.pop()[1])
            spans.append((start, end))
        return spans
