"""Code as it is reached: decodes what control first comes to, and tells the log what stands there.

Decoding goes on from there in a straight line, up to a jump, the end of the page, or what is decoded already.
"""

from collections.abc import Callable, Iterable, Set
from typing import TYPE_CHECKING

from sim.code import CodeRow
from sim.isa import Decoded, decode
from sim.isa.decoder import length_of
from sim.isa.disassembler import disassemble
from sim.isa.registers import F
from sim.program import Program
from sim.space import PAGE, PAGE_SHIFT
from sim.world import Process as ProcessState

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel


class CodeTable:
    """The code of one run. ``watched``: the addresses in a process's code before whose execution the kernel
    wants to be asked.

    Rule for ``_told``: pid -> pc -> the word that the log's newest row for it has. Processes that have a
    frame in common execute the same decoded instructions: ``_decoded`` has those of each open frame, by
    offset, and ``_readers`` the (pid, page) whose rows tell of all of them.
    """

    def __init__(self, kernel: "Kernel", watched: Callable[[int], Set[int]]) -> None:
        self._kernel = kernel
        self._watched = watched
        self._told: dict[int, dict[int, int]] = {}
        self._decoded: dict[int, dict[int, Decoded]] = {}
        self._readers: dict[int, set[tuple[int, int]]] = {}

    def open(self, process: ProcessState, page: int) -> None:
        """Make a page ready for fetching."""
        frame = process.space.pages[page]
        if not self._kernel.machine.is_open(frame):
            self._kernel.machine.open_code(frame)
            self._decoded[frame], self._readers[frame] = {}, set()
        reader = (process.pid, page)
        if reader not in self._readers[frame]:
            self._readers[frame].add(reader)
            rows = self._rows(reader, self._decoded[frame].items())
            if rows:
                self._kernel.sink.code(rows)

    def forget(self, pid: int) -> None:
        """What was told of a process's code is no longer so."""
        self._told.pop(pid, None)
        for readers in self._readers.values():
            for reader in [reader for reader in readers if reader[0] == pid]:
                readers.remove(reader)

    def reach(self, process: ProcessState, pc: int) -> None:
        """Decode from ``pc`` on, whose page is open; all bytes of its instruction are there."""
        machine, page = self._kernel.machine, pc >> PAGE_SHIFT
        frame = process.space.pages[page]
        watched = self._watched(process.pid)
        found: list[tuple[int, Decoded]] = []
        while pc >> PAGE_SHIFT == page and not machine.is_decoded(frame, pc % PAGE):
            word, second = self._fetch(process, pc)
            if word is None:
                break
            machine.decode(frame, pc % PAGE, word, second)
            decoded = decode(word)
            if decoded is None:
                break
            if pc in watched:
                machine.watch(frame, pc % PAGE)
            found.append((pc % PAGE, decoded))
            if _goes_elsewhere(decoded):
                break
            pc += decoded.length
        self._decoded[frame].update(found)
        rows = [row for reader in self._those_who_read(frame) for row in self._rows(reader, found)]
        if rows:
            self._kernel.sink.code(rows)

    def _those_who_read(self, frame: int) -> list[tuple[int, int]]:
        """The readers of a frame who still have it there, in order."""
        processes, readers = self._kernel.world.processes, self._readers[frame]
        readers &= {(pid, page) for pid, page in readers if processes[pid].space.pages.get(page) == frame}
        return sorted(readers)

    def _rows(self, reader: tuple[int, int], found: Iterable[tuple[int, Decoded]]) -> list[CodeRow]:
        """Rows for decoded instructions, by offset, of a process's page, but for what it was told already."""
        pid, page = reader
        seq, told, program = (
            self._kernel.machine.seq,
            self._told.setdefault(pid, {}),
            self._kernel.program_of(pid),
        )
        rows = []
        for offset, decoded in found:
            pc = page << PAGE_SHIFT | offset
            if told.get(pc) != decoded.word:
                told[pc] = decoded.word
                rows.append(code_row(program, seq, pid, pc, decoded))
        return rows

    def _fetch(self, process: ProcessState, pc: int) -> tuple[int | None, int | None]:
        """The bits at ``pc``, and the frame of the last two bytes if that is another; (None, None) if these
        can't be fetched."""
        memory, pages = self._kernel.world.memory_view, process.space.pages
        at = pages[pc >> PAGE_SHIFT] * PAGE + pc % PAGE
        if pc % PAGE <= PAGE - 4:
            word = int.from_bytes(memory[at : at + 4], "little")
            return word if length_of(word) == 4 else word & 0xFFFF, None
        half = int.from_bytes(memory[at : at + 2], "little")
        if length_of(half) == 2:
            return half, None
        following = pages.get((pc >> PAGE_SHIFT) + 1)
        region = process.space.region_at(pc + 2)
        if following is None or region is None or "x" not in region.permissions:
            return None, None
        rest = memory[following * PAGE : following * PAGE + 2]
        return half | int.from_bytes(rest, "little") << 16, following


def _goes_elsewhere(decoded: Decoded) -> bool:
    """True if what stands behind the instruction isn't necessarily code."""
    return decoded.instruction.effect == "jump" and decoded.operands["rd"] == 0


def _written_slot(decoded: Decoded) -> int:
    """The slot of the register row that the instruction writes; 0 for none."""
    if "fd" in decoded.instruction.writes:
        return F + decoded.operands["fd"]
    return decoded.operands["rd"] if "rd" in decoded.instruction.writes else 0


def code_row(program: Program, seq: int, pid: int, pc: int, decoded: Decoded) -> CodeRow:
    """What the log says about one instruction, valid from event ``seq`` on."""
    row = decoded.instruction
    function, file, line = program.source(pc)
    return CodeRow(
        seq,
        pid,
        pc,
        decoded.word,
        decoded.length,
        row.effect,
        _written_slot(decoded),
        row.access,
        disassemble(decoded.word, pc, program.symbol_at),
        function,
        file,
        line,
    )
