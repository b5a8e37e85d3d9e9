"""A recording as questions see it: the log, what its addresses are called, and the state at any event."""

from functools import cached_property

from recorder.reader import Log
from replay.fold import fold
from sim.code import CodeRow
from sim.errors import UserError
from sim.program import BadProgram, Place, Program
from sim.world import World


class NoSuchEvent(UserError):
    """A seq that the log doesn't have."""


class Recording:
    """``log`` with its program's names. Everything is read when it is first asked for."""

    def __init__(self, log: Log) -> None:
        self.log = log

    @cached_property
    def program(self) -> Program:
        """Symbols and lines; empty if the ELF can't be read any more."""
        name = self.log.run.program
        try:
            return Program.from_elf(name, self.log.elf)
        except BadProgram:
            return Program(name, 0, [])

    @property
    def last_seq(self) -> int:
        """The last event."""
        return self.log.end_seq - 1

    def check_seq(self, seq: int) -> None:
        """Raises NoSuchEvent."""
        if not 0 <= seq <= self.last_seq:
            raise NoSuchEvent(
                f"run {self.log.run.id} has events 0 to {self.last_seq}, not {seq}: "
                f"try `simrec replay --at {self.last_seq if seq > 0 else 0} {self.log.run.id}`"
            )

    def state(self, seq: int) -> World:
        """The world just after event ``seq``: the nearest image before it, and the events since. Raises
        NoSuchEvent."""
        self.check_seq(seq)
        image = self.log.image_before(seq)
        world = image.restore() if image is not None else World()
        fold(world, self.log, seq)
        return world

    def code_of(self, tid: int, pc: int, seq: int) -> CodeRow | None:
        """What stood at ``pc``, for a thread, at event ``seq``."""
        rows = self.log.code.get((self.pids.get(tid, 0), pc), ())
        return next((row for row in reversed(rows) if row.seq <= seq), None)

    @cached_property
    def pids(self) -> dict[int, int]:
        """The process of every thread of the run."""
        table = self.log.table("thread", columns=["tid", "pid"])
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
        return {file: text.splitlines() for file, text in self.log.sources.items()}

    def address_name(self, address: int) -> str:
        """``symbol``, ``symbol+offset`` or hex."""
        return self.program.name_of(address) or f"{address:#x}"
