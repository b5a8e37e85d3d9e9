"""The reference executor: the loop as it stands, over plain Python integers.

Steppable in a debugger (`SIMREC_JIT=0`). The arrays are wrapped so that reading gives a Python int and
writing a register reduces it to the signed 64-bit range, as the hardware and Numba do.
"""

from collections.abc import Callable
from typing import Any

from sim.isa import INSTRUCTIONS
from sim.isa.arithmetic import wrap
from sim.isa.table import PLACES

#: The order in which the loop passes what a meaning may ask for; ``x`` stands for registers and row.
ARGUMENTS = (
    *("mem", "at", "rd", "rs1", "rs2", "rs3", "rm", "imm"),
    *("pc", "link", "h", "reserve", "tick", "retired"),
)


class WrappedRegisters:
    """A flat int64 array whose items wrap on writing."""

    __slots__ = ("_items",)

    def __init__(self, items: memoryview) -> None:
        self._items = items

    def __getitem__(self, index: int) -> int:
        return self._items[index]

    def __setitem__(self, index: int, value: int) -> None:
        self._items[index] = wrap(value)


class RegisterRow:
    """One thread's row of the bank, as meanings see it."""

    __slots__ = ("_base", "_registers")

    def __init__(self, registers: WrappedRegisters, base: int) -> None:
        self._registers, self._base = registers, base

    def __getitem__(self, slot: int) -> int:
        return self._registers[self._base + slot]

    def __setitem__(self, slot: int, value: int) -> None:
        self._registers[self._base + slot] = value


def _caller(meaning: Callable[..., None], parameters: tuple[str, ...]) -> Callable[..., None]:
    """A function (x, arguments in the order of ARGUMENTS) that passes ``meaning`` what it asks for."""
    places = [ARGUMENTS.index(PLACES.get(name, name)) for name in parameters if name != "x"]
    if "x" in parameters:
        return lambda x, given: meaning(x, *[given[place] for place in places])
    return lambda x, given: meaning(*[given[place] for place in places])


_CALLERS = [_caller(row.meaning, row.parameters) for row in INSTRUCTIONS]


def execute(op: int, registers: WrappedRegisters, xb: int, *given: Any) -> None:
    """Do what instruction number ``op`` means."""
    _CALLERS[op](RegisterRow(registers, xb), given)


def load_signed(mem: memoryview, at: int, size: int) -> int:
    """``size`` bytes at ``at``, sign-extended."""
    return int.from_bytes(mem[at : at + size], "little", signed=True)
