"""A program's code read without running it: the instructions of a function with the constants that its
registers are known to hold, and the places that may form an address.

A `Program` in, plain data out. The walk is linear, blind to where control comes from: what is found here is
to be checked when control gets there.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from sim.isa import Decoded, decode
from sim.isa.registers import RA, T0
from sim.program import Program

#: Functions are followed so far; longer ones are the linker's doing, not a compiler's.
LONGEST_FUNCTION = 1 << 20
_LUI, _AUIPC, _C_LUI = 0x37, 0x17, 0x6001
#: x numbers of registers that a function may change for its caller.
_CALLER_SAVED = (1, 5, 6, 7, *range(10, 18), *range(28, 32))


@dataclass(frozen=True)
class Step:
    """An instruction, and what registers hold before it as far as the function's own code tells: x number ->
    value."""

    pc: int
    decoded: Decoded
    known: dict[int, int]

    @property
    def mnemonic(self) -> str:
        """Of a compressed one, that of what it stands for."""
        return self.decoded.instruction.mnemonic

    @property
    def operands(self) -> dict[str, int]:
        """By field name."""
        return self.decoded.operands

    @property
    def next(self) -> int:
        """The address behind it."""
        return self.pc + self.decoded.length

    @property
    def jumps(self) -> bool:
        """A jump, call or return; no branch."""
        return self.decoded.instruction.effect == "jump"

    @property
    def links(self) -> bool:
        """A call."""
        return self.jumps and self.operands["rd"] in (RA, T0)

    @property
    def target(self) -> int | None:
        """Where a jump goes, if the code tells."""
        if not self.jumps:
            return None
        if "offset" in self.operands:
            return self.pc + self.operands["offset"]
        base = self.known.get(self.operands["rs1"])
        return None if base is None else base + self.operands["imm"]

    @property
    def stored(self) -> int | None:
        """The value that a store stores, if the code tells."""
        register = self.operands["rs2"]
        return self.known.get(register) if register else 0


class Text:
    """The code of a program."""

    def __init__(self, program: Program) -> None:
        self._starts = [address for address, _ in program.functions]
        self._names = dict(program.symbols)
        self._segments = [segment for segment in program.segments if "x" in segment.permissions]

    def function_at(self, pc: int) -> range:
        """From the function's first address up to the next function."""
        index = bisect_right(self._starts, pc) - 1
        start = self._starts[index] if index >= 0 else pc
        following = self._starts[index + 1] if index + 1 < len(self._starts) else start + LONGEST_FUNCTION
        return range(start, min(following, start + LONGEST_FUNCTION))

    def target_name(self, step: Step) -> str:
        """The linker's name of the function that a jump goes to, if the code tells."""
        return self._names.get(step.target, "") if step.target is not None else ""

    def steps(self, code: range) -> Iterator[Step]:
        """The instructions in a range, up to the first thing that is none."""
        known: dict[int, int] = {}
        pc = code.start
        while pc < code.stop:
            decoded = decode(self._word(pc))
            if decoded is None:
                return
            step = Step(pc, decoded, dict(known))
            yield step
            _learn(known, step)
            pc = step.next

    def _word(self, pc: int) -> int:
        for segment in self._segments:
            offset = pc - segment.address
            if 0 <= offset < len(segment.data):
                return int.from_bytes(segment.data[offset : offset + 4], "little")
        return 0

    def may_form(self, addresses: Collection[int]) -> set[int]:
        """Where an upper-immediate instruction stands that one of the addresses can be made from."""
        found: set[int] = set()
        for segment in self._segments:
            halves = np.frombuffer(segment.data[: len(segment.data) & -2], "<u2").astype(np.int64)
            if len(halves) < 2:
                continue
            words = halves[:-1] | halves[1:] << 16
            pcs = segment.address + 2 * np.arange(len(words))
            upper = (words >> 12 << 44) >> 32
            upper_short = ((words >> 12 & 1) << 63 >> 46) | (words >> 2 & 31) << 12
            opcode = words & 0x7F
            short = words & 0xE003 == _C_LUI
            for address in addresses:
                near = (address + 0x800) >> 12 << 12
                hits = (
                    ((opcode == _LUI) & (upper == near))
                    | (short & (upper_short == near))
                    | ((opcode == _AUIPC) & (np.abs(pcs + upper - address) <= 0x800))
                )
                found.update(pcs[hits].tolist())
        return found


def _learn(known: dict[int, int], step: Step) -> None:
    """What is known of registers behind an instruction."""
    operands = step.operands
    rd = operands.get("rd", 0)
    value = None
    if step.links:
        for register in _CALLER_SAVED:
            known.pop(register, None)
        return
    if step.mnemonic == "lui":
        value = operands["imm"]
    elif step.mnemonic == "auipc":
        value = step.pc + operands["imm"]
    elif step.mnemonic in ("addi", "addiw"):
        base = known.get(operands["rs1"]) if operands["rs1"] else 0
        value = None if base is None else base + operands["imm"]
    elif step.mnemonic == "add" and 0 in (operands["rs1"], operands["rs2"]):
        value = known.get(operands["rs1"] | operands["rs2"])
    if rd and "rd" in step.decoded.instruction.writes:
        known.pop(rd, None)
        if value is not None:
            known[rd] = value
