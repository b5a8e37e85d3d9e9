"""Fitting values into instruction fields and data, with the messages for those that don't fit."""

from sim.isa.assembler.expressions import signed
from sim.isa.table import Field

#: Unsigned fields that hold a register-sized thing by another name in messages.
_NAMES = dict.fromkeys(("imm", "uimm", "zimm"), "immediate") | {"shamt": "shift amount", "csr": "CSR number"}


class RangeError(Exception):
    """The value has no encoding; the text says the limits."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def high_part(value: int) -> int:
    """What %hi puts in the upper 20 bits so that adding the signed low part gives ``value``."""
    value = signed(value)
    if not -(1 << 31) - 0x800 <= value < (1 << 31) - 0x800:
        raise RangeError(f"{value:#x} is more than 2 GiB away from what lui and auipc reach")
    return (value + 0x800) & ~0xFFF


def low_part(value: int) -> int:
    """The signed low 12 bits."""
    return ((value & 0xFFF) ^ 0x800) - 0x800


def immediate_bits(field: Field, value: int) -> int:
    """A plain immediate in its field. lui and auipc take the upper 20 bits as a number of their own."""
    value = signed(value)
    if field.low == 12:
        return _upper_number(field, value)
    least, greatest = field.bounds
    what = _NAMES.get(field.name, field.name)
    if not least <= value <= greatest:
        hint = "load it into a register with li" if field.name == "imm" else ""
        raise RangeError(f"{what} {value} is out of range {least}..{greatest}", hint)
    if value % (1 << field.low):
        raise RangeError(f"{what} {value} is not a multiple of {1 << field.low}")
    return field.insert(value)


def _upper_number(field: Field, value: int) -> int:
    """lui's number; c.lui has its low bits, and its sign."""
    if not 0 <= value < 1 << 20:
        raise RangeError(f"immediate {value} is out of range 0..1048575 (0xfffff)", "use li for 32 bits")
    half = 1 << (field.top - 12)
    if field.top < 31 and not (value < half or value >= (1 << 20) - half):
        limits = f"1..{half - 1} or {(1 << 20) - half:#x}..0xfffff"
        raise RangeError(f"immediate {value} is out of range {limits}", "lui takes them all")
    return field.insert(value << 12)


def upper_bits(field: Field, value: int) -> int:
    """The upper part of an address or distance, in lui's or auipc's field."""
    return field.insert(high_part(value))


def target_bits(field: Field, distance: int) -> int:
    """A branch's or jump's distance in its field."""
    distance = signed(distance)
    if distance & 1:
        raise RangeError(f"the target is at an odd address ({distance:+d} bytes from here)")
    least, greatest = field.bounds
    if not least <= distance <= greatest:
        hint = "use call, tail or jump" if field.top == 20 else ""
        hint = "the form without `c.` reaches further" if field.top < 12 else hint
        raise RangeError(f"the target is {distance:+d} bytes away, out of range {least}..{greatest}", hint)
    return field.insert(distance)


def data_bytes(value: int, size: int) -> bytes:
    """``value`` as little-endian data, signed or unsigned."""
    bits = 8 * size
    value = signed(value)
    if not -(1 << (bits - 1)) <= value < 1 << bits:
        limits = f"{-(1 << (bits - 1))}..{(1 << bits) - 1}"
        raise RangeError(f"{value} does not fit into {size} byte{'s' * (size > 1)} ({limits})")
    return (value & ((1 << bits) - 1)).to_bytes(size, "little")
