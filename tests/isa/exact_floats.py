"""What IEEE 754 arithmetic must give, from exact rational numbers; independent of `sim.isa.softfloat`.

Results are (bits, flags) as `sim.isa.softfloat` has them: a single's bits are sign-extended, flags are
fflags.
"""

from fractions import Fraction
from math import isqrt
from random import Random

F32, F64 = 23, 52
RNE, RTZ, RDN, RUP, RMM = MODES = range(5)
NX, UF, OF, DZ, NV = 1, 2, 4, 8, 16


class Format:
    """One binary format; ``fraction``: bits of its fraction field."""

    def __init__(self, fraction: int) -> None:
        self.fraction = fraction
        self.width = 64 if fraction == F64 else 32
        self.greatest_exponent = (1 << (self.width - fraction - 2)) - 1
        self.least_exponent = 1 - self.greatest_exponent
        self.infinity = ((1 << (self.width - fraction - 1)) - 1) << fraction
        self.nan = self.infinity | 1 << (fraction - 1)

    def signed(self, negative: bool, magnitude: int) -> int:
        return magnitude - (1 << (self.width - 1)) if negative else magnitude

    def magnitude(self, bits: int) -> int:
        return bits & ((1 << (self.width - 1)) - 1)

    def is_nan(self, bits: int) -> bool:
        return self.magnitude(bits) > self.infinity

    def is_signaling(self, bits: int) -> bool:
        return self.is_nan(bits) and not self.magnitude(bits) & 1 << (self.fraction - 1)

    def is_infinite(self, bits: int) -> bool:
        return self.magnitude(bits) == self.infinity

    def value(self, bits: int) -> Fraction:
        """A finite number."""
        size = self.magnitude(bits)
        exponent, fraction = size >> self.fraction, size & ((1 << self.fraction) - 1)
        if exponent:
            fraction |= 1 << self.fraction
        scale = self.least_exponent - self.fraction + max(exponent, 1) - 1
        return (-1 if bits < 0 else 1) * fraction * power_of_two(scale)

    def round(self, value: Fraction, mode: int) -> tuple[int, int]:
        """A number that isn't zero."""
        negative, size = value < 0, abs(value)
        exponent = floor_log2(size)
        place = max(exponent, self.least_exponent) - self.fraction
        whole, inexact = round_whole(size / power_of_two(place), negative, mode)
        rounded = whole * power_of_two(place)
        flags = NX if inexact else 0
        if inexact and exponent < self.least_exponent:
            unbounded, _ = round_whole(size / power_of_two(exponent - self.fraction), negative, mode)
            if unbounded * power_of_two(exponent - self.fraction) < power_of_two(self.least_exponent):
                flags |= UF
        if rounded >= power_of_two(self.greatest_exponent + 1):
            inward = mode == RTZ or mode == (RUP if negative else RDN)
            return self.signed(negative, self.infinity - inward), NX | OF
        if rounded < power_of_two(self.least_exponent):
            return self.signed(negative, whole), flags
        exponent = floor_log2(rounded)
        fraction = rounded / power_of_two(exponent - self.fraction) - (1 << self.fraction)
        field = exponent - self.least_exponent + 1
        return self.signed(negative, field << self.fraction | int(fraction)), flags

    def nan_of(self, *operands: int) -> tuple[int, int]:
        return self.nan, NV if any(map(self.is_signaling, operands)) else 0


FORMATS = {F32: Format(F32), F64: Format(F64)}


def power_of_two(exponent: int) -> Fraction:
    return Fraction(1 << exponent) if exponent >= 0 else Fraction(1, 1 << -exponent)


def floor_log2(value: Fraction) -> int:
    guess = value.numerator.bit_length() - value.denominator.bit_length()
    return guess if power_of_two(guess) <= value else guess - 1


def round_whole(size: Fraction, negative: bool, mode: int) -> tuple[int, bool]:
    """(whole number, whether that changed it) of the absolute value of a number."""
    whole = size.numerator // size.denominator
    rest = size - whole
    half = Fraction(1, 2)
    up = {
        RNE: rest > half or (rest == half and whole % 2 == 1),
        RTZ: False,
        RDN: negative and rest > 0,
        RUP: not negative and rest > 0,
        RMM: rest >= half,
    }[mode]
    return whole + up, rest > 0


def add(a: int, b: int, mode: int, fraction: int) -> tuple[int, int]:
    return multiply_add(a, FORMATS[fraction].signed(False, one(fraction)), b, mode, fraction)


def one(fraction: int) -> int:
    return FORMATS[fraction].greatest_exponent << fraction


def multiply(a: int, b: int, mode: int, fraction: int) -> tuple[int, int]:
    form = FORMATS[fraction]
    negative = (a < 0) != (b < 0)
    if form.is_nan(a) or form.is_nan(b):
        return form.nan_of(a, b)
    if form.is_infinite(a) or form.is_infinite(b):
        if not form.magnitude(a) or not form.magnitude(b):
            return form.nan, NV
        return form.signed(negative, form.infinity), 0
    product = form.value(a) * form.value(b)
    return form.round(product, mode) if product else (form.signed(negative, 0), 0)


def multiply_add(a: int, b: int, c: int, mode: int, fraction: int) -> tuple[int, int]:
    form = FORMATS[fraction]
    product, invalid = multiply(a, b, RNE, fraction)
    if invalid & NV:
        return form.nan, NV
    if form.is_nan(a) or form.is_nan(b) or form.is_nan(c):
        return form.nan_of(a, b, c)
    if form.is_infinite(a) or form.is_infinite(b):
        if form.is_infinite(c) and (product < 0) != (c < 0):
            return form.nan, NV
        return product, 0
    if form.is_infinite(c):
        return c, 0
    exact = form.value(a) * form.value(b) + form.value(c)
    if exact:
        return form.round(exact, mode)
    negative = (a < 0) != (b < 0)
    if form.value(c) or negative != (c < 0):
        return form.signed(mode == RDN, 0), 0
    return form.signed(negative, 0), 0


def quotient(a: int, b: int, mode: int, fraction: int) -> tuple[int, int]:
    form = FORMATS[fraction]
    negative = (a < 0) != (b < 0)
    if form.is_nan(a) or form.is_nan(b):
        return form.nan_of(a, b)
    if form.is_infinite(a):
        return (form.nan, NV) if form.is_infinite(b) else (form.signed(negative, form.infinity), 0)
    if form.is_infinite(b):
        return form.signed(negative, 0), 0
    if not form.value(b):
        return (form.signed(negative, form.infinity), DZ) if form.value(a) else (form.nan, NV)
    exact = form.value(a) / form.value(b)
    return form.round(exact, mode) if exact else (form.signed(negative, 0), 0)


def square_root(a: int, mode: int, fraction: int) -> tuple[int, int]:
    form = FORMATS[fraction]
    if form.is_nan(a):
        return form.nan_of(a)
    if not form.magnitude(a):
        return a, 0
    if a < 0:
        return form.nan, NV
    if form.is_infinite(a):
        return a, 0
    # The root to 2**-1200; if that isn't exact, a little more, which rounds as the exact root does.
    scaled = form.value(a) * 4**1200
    assert scaled.denominator == 1
    root = isqrt(int(scaled))
    return form.round(Fraction(2 * root + (root * root != scaled), 2 << 1200), mode)


def compare(name: str, a: int, b: int, fraction: int) -> tuple[int, int]:
    form = FORMATS[fraction]
    if form.is_nan(a) or form.is_nan(b):
        return 0, NV if name != "equal" or form.is_signaling(a) or form.is_signaling(b) else 0
    left, right = (
        (2 if x > 0 else -2) * power_of_two(2000) if form.is_infinite(x) else form.value(x) for x in (a, b)
    )
    return int({"equal": left == right, "less": left < right, "less_or_equal": left <= right}[name]), 0


def minimum(a: int, b: int, fraction: int) -> tuple[int, int]:
    return extreme(a, b, 0, fraction)


def maximum(a: int, b: int, fraction: int) -> tuple[int, int]:
    return extreme(a, b, -1, fraction)


def extreme(a: int, b: int, which: int, fraction: int) -> tuple[int, int]:
    form = FORMATS[fraction]
    flags = NV if form.is_signaling(a) or form.is_signaling(b) else 0
    numbers = [x for x in (a, b) if not form.is_nan(x)]
    # As bits: -0 is before +0, and greater magnitudes of negative numbers come first.
    numbers.sort(key=lambda bits: bits if bits >= 0 else -1 - form.magnitude(bits))
    return (numbers[which] if numbers else form.nan), flags


def classify(bits: int, fraction: int) -> int:
    form = FORMATS[fraction]
    if form.is_nan(bits):
        return 1 << (8 if form.is_signaling(bits) else 9)
    if form.is_infinite(bits):
        return 1 << (0 if bits < 0 else 7)
    if not form.magnitude(bits):
        return 1 << (3 if bits < 0 else 4)
    if abs(form.value(bits)) < power_of_two(form.least_exponent):
        return 1 << (2 if bits < 0 else 5)
    return 1 << (1 if bits < 0 else 6)


def convert(bits: int, mode: int, source: int, target: int) -> tuple[int, int]:
    origin, form = FORMATS[source], FORMATS[target]
    if origin.is_nan(bits):
        return form.nan, NV if origin.is_signaling(bits) else 0
    if origin.is_infinite(bits):
        return form.signed(bits < 0, form.infinity), 0
    value = origin.value(bits)
    return form.round(value, mode) if value else (form.signed(bits < 0, 0), 0)


def from_integer(value: int, mode: int, fraction: int) -> tuple[int, int]:
    return FORMATS[fraction].round(Fraction(value), mode) if value else (0, 0)


def to_integer(bits: int, mode: int, fraction: int, least: int, greatest: int) -> tuple[int, int]:
    """In the range given, as an exact integer."""
    form = FORMATS[fraction]
    if form.is_nan(bits):
        return greatest, NV
    if form.is_infinite(bits):
        return (least if bits < 0 else greatest), NV
    whole, inexact = round_whole(abs(form.value(bits)), bits < 0, mode)
    whole = -whole if bits < 0 else whole
    if not least <= whole <= greatest:
        return (least if whole < least else greatest), NV
    return whole, NX if inexact else 0


def specials(fraction: int) -> list[int]:
    """Bits that corners are made of, of both signs."""
    form, last = FORMATS[fraction], (1 << fraction) - 1
    normal = 1 << fraction
    unit = one(fraction)
    found = [0, 1, 2, 3, last >> 1, (last >> 1) + 1, last - 1, last]  # zero and subnormals
    found += [normal, normal + 1, 2 * normal - 1, 2 * normal, 3 * normal - 1]  # the least normal ones
    found += [unit - 1, unit, unit + 1, unit - normal, unit + normal, unit + normal // 2, unit + last]
    found += [unit + fraction * normal, unit - (fraction + 1) * normal, unit - (fraction + 2) * normal]
    found += [form.infinity - 1, form.infinity - 2, form.infinity - normal, form.infinity - normal // 2]
    found += [
        form.infinity,
        form.nan,
        form.nan + 5,
        form.infinity + 1,
        form.nan - 1,
        form.infinity + normal - 1,
    ]
    return [form.signed(negative, bits) for bits in found for negative in (False, True)]


def near_integers(fraction: int) -> list[int]:
    """Bits of numbers around whole and half ones and around the ends of the integers' ranges."""
    form = FORMATS[fraction]
    found = []
    for whole in (1, 2, 3, 4, 5, 1 << 31, (1 << 31) - 1, 1 << 32, (1 << 32) - 1, 1 << 63, 1 << 64, 1 << 52):
        for part in (0, Fraction(1, 4), Fraction(1, 2), Fraction(3, 4), -Fraction(1, 2), -Fraction(1, 8)):
            bits = form.round(whole + part, RNE)[0]
            found += [bits, bits - 1, bits + 1]
    return [form.signed(negative, bits) for bits in found for negative in (False, True)]


def random_bits(random: Random, fraction: int, near: int | None = None) -> int:
    """Bits of any number, or with an exponent close to that of ``near``; fractions often of few bits."""
    form = FORMATS[fraction]
    exponents = form.infinity >> fraction
    exponent = random.randrange(exponents + 1)
    if near is not None and random.randrange(4):
        spread = random.choice((0, 1, 2, fraction, 2 * fraction))
        exponent = form.magnitude(near) // (1 << fraction) + random.randint(-spread, spread)
        exponent = min(max(exponent, 0), exponents)
    bits = random.getrandbits(fraction)
    if random.randrange(3) == 0:
        few = random.randrange(fraction)
        bits = bits >> few << few if random.randrange(2) else -(bits >> few) & ((1 << fraction) - 1)
    return form.signed(bool(random.randrange(2)), exponent << fraction | bits)
