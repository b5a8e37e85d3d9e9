"""Floating-point constants as data: the nearest number of a format to a decimal text."""

import re
from fractions import Fraction

#: Bytes of a format -> bits of its exponent and fraction.
_FORMATS = {4: (8, 23), 8: (11, 52)}
_DECIMAL = re.compile(r"([+-]?)(?:0f)?(\d+\.?\d*|\.\d+)(?:e([+-]?\d+))?", re.I)
_HEXADECIMAL = re.compile(r"0[xf]:([0-9a-f]+)", re.I)
#: As GNU as has them: a NaN's fraction is all ones.
_NAMED = re.compile(r"([+-]?)(inf|infinity|nan|qnan|snan)", re.I)
_GREATEST_EXPONENT = 10_000


class FloatError(Exception):
    """The text is no number, or none that the format has; the message says which."""


def float_bytes(text: str, size: int) -> bytes:
    """``text`` (1.5, -2e10, inf, nan, 0x:3f800000) in ``size`` bytes, rounded to nearest, ties to even."""
    exponent_bits, fraction_bits = _FORMATS[size]
    if match := _HEXADECIMAL.fullmatch(text):
        digits = match[1]
        if len(digits) > 2 * size:
            raise FloatError(f"`{text}` has more than {2 * size} digits")
        return int(digits.ljust(2 * size, "0"), 16).to_bytes(size, "little")
    if match := _NAMED.fullmatch(text):
        bits = ((1 << exponent_bits) - 1) << fraction_bits
        name = match[2].lower()
        if name.endswith("nan"):
            quiet = 1 << (fraction_bits - 1)
            bits |= quiet - 1 if name == "snan" else 2 * quiet - 1
    elif match := _DECIMAL.fullmatch(text):
        exponent = int(match[3] or 0)
        if abs(exponent) > _GREATEST_EXPONENT:
            raise FloatError(f"the exponent of `{text}` is absurd")
        bits = nearest_bits(Fraction(match[2]) * Fraction(10) ** exponent, size)
        if bits >> fraction_bits == (1 << exponent_bits) - 1:
            raise FloatError(f"`{text}` is too large for {size} bytes")
    else:
        raise FloatError(f"`{text}` is not a number")
    sign = (match[1] == "-") << (8 * size - 1)
    return (sign | bits).to_bytes(size, "little")


def nearest_bits(value: Fraction, size: int) -> int:
    """The bits of the number of ``size`` bytes nearest to ``value``, which isn't negative; infinity's if it
    is too large."""
    if not value:
        return 0
    exponent_bits, fraction_bits = _FORMATS[size]
    least = 2 - (1 << (exponent_bits - 1))
    exponent = value.numerator.bit_length() - value.denominator.bit_length()
    if value < Fraction(2) ** exponent:
        exponent -= 1
    exponent = max(exponent, least)
    significand = round(value / Fraction(2) ** (exponent - fraction_bits))
    bits = significand + ((exponent - least) << fraction_bits)
    return min(bits, ((1 << exponent_bits) - 1) << fraction_bits)
