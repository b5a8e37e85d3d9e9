"""Conversions between the two formats, and between them and integers of 32 and 64 bits.

Out of its range, a conversion to an integer gives the nearest end of the range and raises NV instead of NX;
a NaN counts as too large. Results are as registers hold them: 32-bit ones are sign-extended, the unsigned
too.
"""

from sim.isa.arithmetic import MASK32, MASK63, MIN, sext32, srl
from sim.isa.softfloat.formats import (
    MASK31,
    NV,
    NX,
    bias,
    infinity,
    magnitude,
    nan,
    nan_of,
    normalise,
    round_pack,
    rounds_up,
    shift_right_sticky,
    signed,
    unpack,
)

INT32 = 32
INT64 = 64


def convert(bits, rounding, source, target):
    """(bits, flags) of a number of the format ``source`` in the format ``target``."""
    size = magnitude(bits, source)
    if size > infinity(source):
        return nan(target), nan_of(bits, bits, source)[1]
    if size == infinity(source):
        return signed(bits < 0, infinity(target), target), 0
    if size == 0:
        return signed(bits < 0, 0, target), 0
    exponent, significand = unpack(bits, source)
    return round_pack(bits < 0, exponent, significand, rounding, target)


def from_signed(value, rounding, fraction):
    """(bits, flags) of a signed 64-bit integer."""
    if value == 0:
        return 0, 0
    if value == MIN:
        exponent, significand = 63, 1 << 62
    else:
        exponent, significand = normalise(62, abs(value))
    return round_pack(value < 0, exponent, significand, rounding, fraction)


def from_unsigned(value, rounding, fraction):
    """(bits, flags) of an unsigned 64-bit integer, given as the signed one of the same bits."""
    if value >= 0:
        return from_signed(value, rounding, fraction)
    bits, flags = from_signed(srl(value, 1) | value & 1, rounding, fraction)
    return bits + (1 << fraction), flags  # twice the half: one more in the exponent field


def to_signed(bits, rounding, fraction, width):
    """(integer, flags) in the range of ``width`` (INT32 or INT64) bits."""
    size = magnitude(bits, fraction)
    greatest = MASK63 if width == INT64 else MASK31
    if size > infinity(fraction):
        return greatest, NV
    if size >= (63 + bias(fraction)) << fraction:
        if width == INT64 and bits == signed(True, (63 + bias(fraction)) << fraction, fraction):
            return MIN, 0
        return -greatest - 1 if bits < 0 else greatest, NV
    whole, flags = round_to_integer(bits, rounding, fraction)
    if bits < 0:
        return (-whole, flags) if whole - 1 <= greatest else (-greatest - 1, NV)
    return (whole, flags) if whole <= greatest else (greatest, NV)


def to_unsigned(bits, rounding, fraction, width):
    """(integer, flags) in the range of ``width`` (INT32 or INT64) unsigned bits; -1 is the greatest."""
    size = magnitude(bits, fraction)
    if size > infinity(fraction):
        return -1, NV
    if size >= (63 + bias(fraction)) << fraction:
        if bits < 0:
            return 0, NV
        if width == INT32 or size >= (64 + bias(fraction)) << fraction:
            return -1, NV
        # From 2**63 up, where every number is an integer: twice the significand, less 2**64 in a register.
        return (unpack(bits, fraction)[1] + MIN) << 1, 0
    whole, flags = round_to_integer(bits, rounding, fraction)
    if bits < 0:
        return 0, NV if whole > 0 else flags
    if width == INT64:
        return whole, flags
    return (sext32(whole), flags) if whole <= MASK32 else (-1, NV)


def round_to_integer(bits, rounding, fraction):
    """(absolute value, flags) of a number below 2**63, rounded to a whole one."""
    exponent, significand = unpack(bits, fraction)
    if exponent < 0:
        whole, rest, half = 0, shift_right_sticky(significand, -1 - exponent), 1 << 62
    else:
        whole = significand >> (62 - exponent)
        rest = significand & ((1 << (62 - exponent)) - 1)
        half = (1 << (62 - exponent)) >> 1
    if rest == 0:
        return whole, 0
    return whole + rounds_up(bits < 0, whole, rest, half, rounding), NX
