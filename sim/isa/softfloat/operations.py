"""Addition, multiplication, division, square root and the fused multiply-add: each (bits, flags).

Subtraction is the addition of `opposite`, and the four fused forms differ in whose sign is turned.
"""

from sim.isa.softfloat.formats import (
    DZ,
    MASK27,
    MASK44,
    MASK60,
    MASK62,
    NV,
    exact_zero,
    infinity,
    is_nan,
    is_signaling,
    magnitude,
    nan,
    nan_of,
    normalise,
    round_pack,
    shift_right_sticky,
    signed,
    unpack,
)


def opposite(bits, fraction):
    """The same number with the other sign (of a NaN, too)."""
    return signed(bits >= 0, magnitude(bits, fraction), fraction)


def add(a, b, rounding, fraction):
    """a + b."""
    size_a, size_b = magnitude(a, fraction), magnitude(b, fraction)
    if size_a >= infinity(fraction) or size_b >= infinity(fraction):
        return add_special(a, b, fraction)
    if size_a == 0 and size_b == 0 and a != b:
        return exact_zero(rounding, fraction), 0
    if size_a == 0:
        return b, 0
    if size_b == 0:
        return a, 0
    if size_a < size_b:
        a, b = b, a
    exponent, larger = unpack(a, fraction)
    exponent_b, smaller = unpack(b, fraction)
    larger = larger >> 1  # room for the carry: a significand's last bits are clear
    smaller = shift_right_sticky(smaller >> 1, exponent - exponent_b)
    total = larger + smaller if (a < 0) == (b < 0) else larger - smaller
    if total == 0:
        return exact_zero(rounding, fraction), 0
    exponent, total = normalise(exponent + 1, total)
    return round_pack(a < 0, exponent, total, rounding, fraction)


def add_special(a, b, fraction):
    """a + b where one is infinite or a NaN."""
    if is_nan(a, fraction) or is_nan(b, fraction):
        return nan_of(a, b, fraction)
    if magnitude(a, fraction) < infinity(fraction):
        return b, 0
    if b == opposite(a, fraction):
        return nan(fraction), NV
    return a, 0


def multiply(a, b, rounding, fraction):
    """a * b."""
    size_a, size_b = magnitude(a, fraction), magnitude(b, fraction)
    negative = (a < 0) != (b < 0)
    if size_a >= infinity(fraction) or size_b >= infinity(fraction):
        if is_nan(a, fraction) or is_nan(b, fraction):
            return nan_of(a, b, fraction)
        if size_a == 0 or size_b == 0:
            return nan(fraction), NV
        return signed(negative, infinity(fraction), fraction), 0
    if size_a == 0 or size_b == 0:
        return signed(negative, 0, fraction), 0
    exponent_a, left = unpack(a, fraction)
    exponent_b, right = unpack(b, fraction)
    high, low = product(left, right)
    significand = high << 1 | int(low != 0)
    exponent = exponent_a + exponent_b + 1
    if significand >> 62 == 0:
        significand <<= 1
        exponent -= 1
    return round_pack(negative, exponent, significand, rounding, fraction)


def product(left, right):
    """A quarter of the exact product of two significands by halves, 62 bits in the lower: (high, low). The
    first bit is high's bit 60 or 61."""
    left >>= 10  # to 53 bits: a significand's last ten are clear
    right >>= 10
    left_high, left_low = left >> 27, left & MASK27
    right_high, right_low = right >> 27, right & MASK27
    low = left_low * right_low
    middle = left_high * right_low + left_low * right_high + (low >> 27)
    high = left_high * right_high + (middle >> 27)
    low = (middle & MASK27) << 27 | low & MASK27
    return high << 10 | low >> 44, (low & MASK44) << 18


def quotient(a, b, rounding, fraction):
    """a / b."""
    size_a, size_b = magnitude(a, fraction), magnitude(b, fraction)
    negative = (a < 0) != (b < 0)
    limit = infinity(fraction)
    if size_a >= limit or size_b >= limit:
        if is_nan(a, fraction) or is_nan(b, fraction):
            return nan_of(a, b, fraction)
        if size_a == size_b:
            return nan(fraction), NV
        return signed(negative, limit if size_a == limit else 0, fraction), 0
    if size_b == 0:
        if size_a == 0:
            return nan(fraction), NV
        return signed(negative, limit, fraction), DZ
    if size_a == 0:
        return signed(negative, 0, fraction), 0
    exponent_a, rest = unpack(a, fraction)
    exponent_b, divisor = unpack(b, fraction)
    # Long division: each step has as many digits as a remainder can be shifted by.
    step = 62 - fraction
    rest >>= step
    divisor >>= step
    result = int(rest >= divisor)
    rest -= result * divisor
    digits = 0
    while digits < fraction + 3:
        digit = (rest << step) // divisor
        rest = (rest << step) - digit * divisor
        result = result << step | digit
        digits += step
    exponent, significand = normalise(exponent_a - exponent_b + 62 - digits, result | int(rest != 0))
    return round_pack(negative, exponent, significand, rounding, fraction)


def square_root(a, rounding, fraction):
    """The square root of a; that of -0 is -0."""
    size = magnitude(a, fraction)
    if size > infinity(fraction):
        return nan_of(a, a, fraction)
    if size == 0:
        return a, 0
    if a < 0:
        return nan(fraction), NV
    if size == infinity(fraction):
        return a, 0
    exponent, radicand = unpack(a, fraction)
    # Digit by digit, from pairs of the radicand's bits 61 and 60: 01 first, or 1x if the exponent is odd.
    radicand >>= 2 - (exponent & 1)
    digits = fraction + 3
    root = 0
    rest = 0
    for _ in range(digits):
        rest = rest << 2 | radicand >> 60
        radicand = (radicand & MASK60) << 2
        trial = root << 2 | 1
        root <<= 1
        if rest >= trial:
            rest -= trial
            root |= 1
    return round_pack(a < 0, exponent >> 1, (root << (63 - digits)) | int(rest != 0), rounding, fraction)


def multiply_add(a, b, c, rounding, fraction):
    """a * b + c, rounded once."""
    size_a, size_b, size_c = magnitude(a, fraction), magnitude(b, fraction), magnitude(c, fraction)
    limit = infinity(fraction)
    negative = (a < 0) != (b < 0)
    if size_a >= limit or size_b >= limit or size_c >= limit:
        return multiply_add_special(a, b, c, fraction)
    if size_a == 0 or size_b == 0:
        return add(signed(negative, 0, fraction), c, rounding, fraction)
    if size_c == 0:
        return multiply(a, b, rounding, fraction)
    exponent_a, left = unpack(a, fraction)
    exponent_b, right = unpack(b, fraction)
    high, low = product(left, right)
    exponent = exponent_a + exponent_b
    if high >> 61 != 0:
        low = low >> 1 | (high & 1) << 61
        high >>= 1
        exponent += 1
    # The addend to the same place, then the smaller of the two moves to the larger one's exponent.
    negative_c = c < 0
    exponent_c, high_c = unpack(c, fraction)
    high_c >>= 2
    low_c = 0
    if exponent < exponent_c or (exponent == exponent_c and high < high_c):
        high, high_c = high_c, high
        low, low_c = low_c, low
        exponent, exponent_c = exponent_c, exponent
        negative, negative_c = negative_c, negative
    high_c, low_c = shift_pair_sticky(high_c, low_c, exponent - exponent_c)
    if negative == negative_c:
        low += low_c
        high += high_c + (low >> 62)
    else:
        low -= low_c
        high += (low >> 62) - high_c  # the shift gives -1 where low borrows
    low &= MASK62
    if high == 0 and low == 0:
        return exact_zero(rounding, fraction), 0
    if high == 0:
        exponent, low = normalise(exponent - 60, low)
        return round_pack(negative, exponent, low, rounding, fraction)
    after, significand = normalise(exponent + 2, high)
    significand |= shift_right_sticky(low, 60 + after - exponent)  # the bits that high made room for
    return round_pack(negative, after, significand, rounding, fraction)


def shift_pair_sticky(high, low, amount):
    """(high, low), a number of 124 bits by halves, shifted right; bit 0 is also set if any bit fell out."""
    if amount > 61:
        return 0, shift_right_sticky(high, amount - 62) | int(low != 0)
    lost = int(low & ((1 << amount) - 1) != 0)
    moved = (high & ((1 << amount) - 1)) << (62 - amount)
    return high >> amount, moved | low >> amount | lost


def multiply_add_special(a, b, c, fraction):
    """a * b + c where one is infinite or a NaN. Infinity times zero is invalid even if c is a quiet NaN."""
    size_a, size_b = magnitude(a, fraction), magnitude(b, fraction)
    limit = infinity(fraction)
    if is_nan(a, fraction) or is_nan(b, fraction):
        bits, flags = nan_of(a, b, fraction)
        return bits, NV if is_signaling(c, fraction) else flags
    if (size_a == limit and size_b == 0) or (size_a == 0 and size_b == limit):
        return nan(fraction), NV
    if size_a < limit and size_b < limit:
        product = 0  # finite, and c is not
    else:
        product = signed((a < 0) != (b < 0), limit, fraction)
    return add_special(product, c, fraction)
