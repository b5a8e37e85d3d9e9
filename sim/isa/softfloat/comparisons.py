"""Comparisons, minimum and maximum, sign injection and classification."""

from sim.isa.softfloat.formats import NV, infinity, is_nan, is_signaling, magnitude, nan, nan_of, signed


def order(bits, fraction):
    """An integer as large as the number is: the zeros are equal."""
    return magnitude(bits, fraction) if bits >= 0 else -magnitude(bits, fraction)


def equal(a, b, fraction):
    """(1 if a == b, flags); a quiet comparison: only a signaling NaN is invalid."""
    if is_nan(a, fraction) or is_nan(b, fraction):
        return 0, nan_of(a, b, fraction)[1]
    return int(order(a, fraction) == order(b, fraction)), 0


def less(a, b, fraction):
    """(1 if a < b, flags); a signaling comparison: any NaN is invalid."""
    if is_nan(a, fraction) or is_nan(b, fraction):
        return 0, NV
    return int(order(a, fraction) < order(b, fraction)), 0


def less_or_equal(a, b, fraction):
    """(1 if a <= b, flags); a signaling comparison: any NaN is invalid."""
    if is_nan(a, fraction) or is_nan(b, fraction):
        return 0, NV
    return int(order(a, fraction) <= order(b, fraction)), 0


def minimum(a, b, fraction):
    """(bits, flags) of the smaller: minimumNumber of IEEE 754-2019. A number wins over a NaN, and -0 is less
    than +0."""
    bits = lesser(a, b, fraction)
    return bits, nan_of(a, b, fraction)[1]


def maximum(a, b, fraction):
    """(bits, flags) of the greater: maximumNumber of IEEE 754-2019."""
    if is_nan(a, fraction) or is_nan(b, fraction):
        return minimum(a, b, fraction)
    return (b if lesser(a, b, fraction) == a else a), 0


def lesser(a, b, fraction):
    """The bits of the smaller; of the one that is a number, if only one is."""
    if is_nan(b, fraction):
        return nan(fraction) if is_nan(a, fraction) else a
    if is_nan(a, fraction):
        return b
    order_a, order_b = order(a, fraction), order(b, fraction)
    return a if order_a < order_b or (order_a == order_b and a < b) else b


def inject_sign(a, negative, fraction):
    """The magnitude of a with the sign given (1: negative); not arithmetic, so NaNs keep their payload."""
    return signed(negative != 0, magnitude(a, fraction), fraction)


def classify(bits, fraction):
    """The one of ten bits that says what kind of number it is (unprivileged manual, "fclass")."""
    size = magnitude(bits, fraction)
    if size > infinity(fraction):
        return 1 << 8 if is_signaling(bits, fraction) else 1 << 9
    if size == infinity(fraction):
        rank = 3
    elif size >> fraction > 0:
        rank = 2
    elif size > 0:
        rank = 1
    else:
        rank = 0
    return 1 << (3 - rank if bits < 0 else 4 + rank)
