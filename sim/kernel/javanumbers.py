"""Numbers as Java has them, which RARS is written in: its random numbers, and floats as text."""

import re
import struct
from fractions import Fraction

import numpy as np

from sim.isa.assembler.floats import nearest_bits

_MULTIPLIER, _INCREMENT, _MASK = 0x5DEECE66D, 0xB, (1 << 48) - 1
_DECIMAL = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d+))?[fFdD]?")
_NAMED = re.compile(r"([+-]?)(NaN|Infinity)")
#: Beyond this an exponent says zero or infinity, whatever the digits.
_GREATEST_EXPONENT = 5000


class JavaRandom:
    """java.util.Random."""

    def __init__(self, seed: int) -> None:
        self._state = (seed ^ _MULTIPLIER) & _MASK

    def bits(self, count: int) -> int:
        """The next so many bits, as a signed 32-bit number."""
        self._state = (self._state * _MULTIPLIER + _INCREMENT) & _MASK
        value = self._state >> (48 - count)
        return value - (1 << 32) if value >> 31 else value

    def below(self, bound: int) -> int:
        """From 0 to below ``bound``, all equally likely."""
        if bound & (bound - 1) == 0:
            return bound * self.bits(31) >> 31
        while True:
            drawn = self.bits(31)
            if drawn - drawn % bound + bound - 1 < 1 << 31:
                return drawn % bound

    def single(self) -> float:
        """From 0 to below 1, in steps of 2**-24."""
        return self.bits(24) / (1 << 24)

    def double(self) -> float:
        """From 0 to below 1, in steps of 2**-53."""
        return ((self.bits(26) << 27) + self.bits(27)) / (1 << 53)


def float_text(bits: int) -> str:
    """Float.toString of the low 32 bits."""
    (value,) = struct.unpack("<f", struct.pack("<I", bits & 0xFFFF_FFFF))
    return _text(np.float32(value))


def double_text(bits: int) -> str:
    """Double.toString of the 64 bits."""
    (value,) = struct.unpack("<d", struct.pack("<q", bits))
    return _text(np.float64(value))


def _text(value: np.floating) -> str:
    """The fewest digits that tell it from its neighbours: plainly from 0.001 to below ten million."""
    if np.isnan(value):
        return "NaN"
    sign = "-" if np.signbit(value) else ""
    value = abs(value)
    if np.isinf(value):
        return f"{sign}Infinity"
    if value == 0:
        return f"{sign}0.0"
    if 1e-3 <= value < 1e7:
        return sign + np.format_float_positional(value, unique=True, trim="0")
    mantissa, _, exponent = np.format_float_scientific(value, unique=True, trim="0").partition("e")
    if len(mantissa) == len("1.0"):
        # One digit would do, but Java writes two, the nearest.
        mantissa, _, exponent = f"{float(value):.1e}".partition("e")
    return f"{sign}{mantissa}E{int(exponent)}"


def parse_float(text: str, size: int) -> int | None:
    """Float.parseFloat or Double.parseDouble: the bits, signed; None if it is no number."""
    text = text.strip()
    if match := _NAMED.fullmatch(text):
        value = float(match[2].lower())
        bits = int.from_bytes(struct.pack("<f" if size == 4 else "<d", value), "little")
    elif match := _DECIMAL.fullmatch(text):
        exponent = max(-_GREATEST_EXPONENT, min(int(match[3] or 0), _GREATEST_EXPONENT))
        bits = nearest_bits(Fraction(match[2]) * Fraction(10) ** exponent, size)
    else:
        return None
    top = 1 << (8 * size - 1)
    bits |= top if match[1] == "-" else 0
    return bits - 2 * top if bits & top else bits
