"""What is at an address in each process: its page's frame, the value, and who wrote it last."""

from collections.abc import Iterator
from dataclasses import dataclass

from replay.lastwrite import Write, spans, written
from replay.memory import Memory, ProcessMemory
from replay.names import Names
from replay.recording import Recording
from sim.errors import UserError
from sim.space import PAGE, PAGE_SHIFT

#: Bytes shown, and of these the ones that form a number and whose last writer is looked for.
SHOWN, WORD = 16, 8


class BadAddress(UserError):
    """What names no place in memory."""

    exit_status = 2


@dataclass(frozen=True)
class Cell:
    """The memory at an address of one process. ``frame`` is None while the page is absent: it reads as
    zeros. ``data``: SHOWN bytes, fewer at the end of what is mapped."""

    process: ProcessMemory
    area: str
    frame: int | None
    data: bytes
    write: Write | None

    @property
    def word(self) -> int:
        """The first WORD bytes, as an unsigned number."""
        return int.from_bytes(self.data[:WORD], "little")


def address_of(recording: Recording, text: str) -> int:
    """A number in any base, or ``symbol`` or ``symbol+offset`` of the first program that has it. Raises
    BadAddress."""
    name, _, offset = text.partition("+")
    named: dict[str, int] = {}
    for pid in reversed(recording.processes.pids):
        program = recording.names(pid, recording.last_seq).program
        named |= {each: address for address, each in program.symbols}
        named |= {each: address for address, _, each in program.objects}
    try:
        return named[name] + int(offset or "0", 0) if name in named else int(text, 0)
    except ValueError:
        raise BadAddress(
            f"{text}: neither a number nor a symbol of the program: try 0x10000, or a label"
        ) from None


def cells_at(recording: Recording, memory: Memory, address: int) -> list[Cell]:
    """What each process that has memory there has in it."""
    cells = []
    for process in memory.processes:
        area = process.area_at(address)
        if area is None:
            continue
        space = memory.world.processes[process.pid].space
        data = space.read(memory.world, address, min(SHOWN, area.end - address))
        frame = area.pages.get(address >> PAGE_SHIFT)
        owners = memory.owners[frame] if frame is not None else ()
        wanted = spans(recording, process.pid, address, WORD, memory.seq, owners)
        write = next(written(recording, wanted), None)
        cells.append(Cell(process, area.name, frame, data, write))
    return cells


def cell_lines(recording: Recording, memory: Memory, address: int) -> Iterator[str]:
    """The same in words."""
    yield f"address {address:#x}"
    cells = cells_at(recording, memory, address)
    if not cells:
        yield "  nothing is mapped there"
    for cell in cells:
        frame = (
            "no page yet, reads as zeros"
            if cell.frame is None
            else f"frame {cell.frame}, physical {cell.frame * PAGE + address % PAGE:#x}"
        )
        names = recording.names(cell.process.pid, memory.seq)
        name = names.program.name_of(address)
        where = f"{cell.area}{f' <{name}>' if name else ''}"
        yield f"  ram: {where}" if memory.bare else f"  process {cell.process.pid}: {where}, {frame}"
        yield f"    {hexdump(cell.data)}"
        yield f"    {8 * min(WORD, len(cell.data))} bits: {_number(names, cell.word)}"
        yield f"    {_told(recording, cell.write)}"


def hexdump(data: bytes) -> str:
    """Bytes in hex, and as text with dots for what can't be shown."""
    text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data)
    return f"{data.hex(' ')}  |{text}|"


def _number(names: Names, word: int) -> str:
    signed = word - (1 << 64) if word >> 63 else word
    name = names.program.name_of(word)
    return f"{word:#x}, {signed}{f', <{name}>' if name else ''}"


def _told(recording: Recording, write: Write | None) -> str:
    if write is None:
        return "never written"
    if not write.tid:
        who = "as the program was placed" if recording.bare else "by the kernel"
        return f"last written {who}, event {write.seq}"
    names = recording.names(recording.pids[write.tid], write.seq)
    place = names.place(write.pc)
    source = f"{place.file}:{place.line}" if place.line else ""
    where = str(place) or f"{write.pc:#x}"
    who = f"hart {write.tid - 1}" if recording.bare else f"thread {write.tid}"
    return f"last written by {who}, event {write.seq}, at {where}{names.quoted(source)}"
