"""Little-endian access to physical memory for instruction meanings.

``mem`` is the machine's physical memory, one byte per item; ``at`` an offset into it that the machine
has translated and checked. Loads return the value zero-extended, but `load64`, which is signed as the
registers are. Numba takes `sim.machine.native` in their place.
"""


def load8(mem, at):
    """One byte, 0..255."""
    return mem[at]


def load16(mem, at):
    """Two bytes, unsigned."""
    return int.from_bytes(mem[at : at + 2], "little")


def load32(mem, at):
    """Four bytes, unsigned."""
    return int.from_bytes(mem[at : at + 4], "little")


def load64(mem, at):
    """Eight bytes, signed."""
    return int.from_bytes(mem[at : at + 8], "little", signed=True)


def store8(mem, at, value):
    """The low byte of ``value``."""
    mem[at] = value & 0xFF


def store16(mem, at, value):
    """The low two bytes of ``value``."""
    mem[at : at + 2] = (value & 0xFFFF).to_bytes(2, "little")


def store32(mem, at, value):
    """The low four bytes of ``value``."""
    mem[at : at + 4] = (value & 0xFFFF_FFFF).to_bytes(4, "little")


def store64(mem, at, value):
    """All eight bytes of ``value``."""
    mem[at : at + 8] = (value & 0xFFFF_FFFF_FFFF_FFFF).to_bytes(8, "little")
