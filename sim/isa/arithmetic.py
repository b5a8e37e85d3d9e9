"""64-bit arithmetic for instruction meanings, in one form that CPython and Numba compute alike.

Registers hold *signed* 64-bit values. Python integers don't wrap and Numba's do, and Numba turns
``uint64 + int64`` into a float; so everything here is written with signed operands only. What may leave the
signed 64-bit range stands inside `wrap`: the compiled executor makes the arithmetic in it, and in meanings,
modulo 2**64, and takes all other for arithmetic that can't overflow.
"""

MIN = -(1 << 63)
MASK32 = 0xFFFF_FFFF
MASK63 = 0x7FFF_FFFF_FFFF_FFFF


def wrap(value):
    """Reduce to the signed 64-bit range: two's complement, modulo 2**64."""
    return ((value + 0x8000_0000_0000_0000) & 0xFFFF_FFFF_FFFF_FFFF) - 0x8000_0000_0000_0000


def sext32(value):
    """The low 32 bits, sign-extended (every ``*w`` instruction ends so)."""
    return ((value & MASK32) ^ 0x8000_0000) - 0x8000_0000


def srl(value, amount):
    """Logical right shift of a 64-bit value by 0..63."""
    if amount == 0:
        return value
    return ((value >> 1) & MASK63) >> (amount - 1)


def less_unsigned(a, b):
    """1 if a < b as unsigned 64-bit numbers, else 0 (flipping the sign bit maps one order to the other)."""
    return int((a ^ MIN) < (b ^ MIN))


def multiply_high_unsigned(a, b):
    """Bits 127..64 of the unsigned product, by 32-bit halves (Hacker's Delight, mulhu)."""
    a0, a1 = a & MASK32, srl(a, 32)
    b0, b1 = b & MASK32, srl(b, 32)
    middle = wrap(a1 * b0 + srl(wrap(a0 * b0), 32))
    low = wrap(a0 * b1 + (middle & MASK32))
    return wrap(a1 * b1 + srl(middle, 32) + srl(low, 32))


def multiply_high(a, b):
    """Bits 127..64 of the signed product: the unsigned one corrected for each negative operand."""
    high = multiply_high_unsigned(a, b)
    if a < 0:
        high = wrap(high - b)
    if b < 0:
        high = wrap(high - a)
    return high


def multiply_high_mixed(a, b):
    """Bits 127..64 of signed a times unsigned b (mulhsu)."""
    high = multiply_high_unsigned(a, b)
    if a < 0:
        high = wrap(high - b)
    return high


def divide(a, b):
    """Signed division toward zero; x/0 is -1 and the overflow MIN/-1 is MIN (manual, chapter "M")."""
    if b == 0:
        return -1
    if b == -1:
        return wrap(-a)
    quotient = a // b
    if (a < 0) != (b < 0) and wrap(quotient * b) != a:
        quotient += 1
    return quotient


def remainder(a, b):
    """Signed remainder with the sign of the dividend; x%0 is x and MIN%-1 is 0."""
    if b == 0:
        return a
    if b == -1:
        return 0
    return a - divide(a, b) * b


def divide_unsigned(a, b):
    """Unsigned division; x/0 is all ones. Halving makes the division a signed one (Hacker's Delight, 9-3)."""
    if b == 0:
        return -1
    if b < 0:
        return 1 - less_unsigned(a, b)
    quotient = wrap((srl(a, 1) // b) * 2)
    rest = wrap(a - quotient * b)
    return wrap(quotient + 1 - less_unsigned(rest, b))


def remainder_unsigned(a, b):
    """Unsigned remainder; x%0 is x."""
    if b == 0:
        return a
    return wrap(a - divide_unsigned(a, b) * b)


def divide32_unsigned(a, b):
    """``divuw``: both operands' low 32 bits, unsigned."""
    if b & MASK32 == 0:
        return -1
    return sext32((a & MASK32) // (b & MASK32))


def remainder32_unsigned(a, b):
    """``remuw``: both operands' low 32 bits, unsigned."""
    if b & MASK32 == 0:
        return sext32(a)
    return sext32((a & MASK32) % (b & MASK32))


def minimum_unsigned(a, b):
    """The smaller as unsigned numbers."""
    return a if (a ^ MIN) < (b ^ MIN) else b


def maximum_unsigned(a, b):
    """The larger as unsigned numbers."""
    return b if (a ^ MIN) < (b ^ MIN) else a


def leading_zeros(value):
    """How many bits from bit 63 down are clear: 0..64."""
    count = 0
    amount = 32
    while amount > 0:
        if srl(value, 64 - amount) == 0:
            value = wrap(value << amount)
            count += amount
        amount >>= 1
    return count + int(value >= 0)


def trailing_zeros(value):
    """How many bits from bit 0 up are clear: 0..64."""
    count = 0
    amount = 32
    while amount > 0:
        if value & ((1 << amount) - 1) == 0:
            value >>= amount
            count += amount
        amount >>= 1
    return count + int(value & 1 == 0)


def population(value):
    """How many bits are set; the halves apart, so that all sums are positive."""
    return population32(value & MASK32) + population32(srl(value, 32))


def population32(value):
    """How many bits are set in a value of 0..2**32-1 (Hacker's Delight, 5-2)."""
    value -= value >> 1 & 0x5555_5555
    value = (value & 0x3333_3333) + (value >> 2 & 0x3333_3333)
    value = value + (value >> 4) & 0x0F0F_0F0F
    return value * 0x0101_0101 >> 24 & 0xFF


def rotate_right(value, amount):
    """64 bits, by 0..63."""
    if amount == 0:
        return value
    return srl(value, amount) | wrap(value << (64 - amount))


def rotate_right32(value, amount):
    """The low 32 bits, by 0..31, sign-extended."""
    return sext32((value & MASK32) >> amount | (value & MASK32) << (32 - amount))


def reversed_bytes(value):
    """The eight bytes in the other order."""
    result = 0
    for _ in range(8):
        result = wrap(result << 8 | value & 0xFF)
        value >>= 8
    return result


def or_combined_bytes(value):
    """Each byte that isn't zero made all ones."""
    result = 0
    for i in range(8):
        byte = srl(value, 56 - 8 * i) & 0xFF
        result = wrap(result << 8 | (0xFF if byte != 0 else 0))
    return result


def read_csr(number, fcsr, tick, retired):
    """A CSR of user mode: fflags (1), frm (2) and fcsr (3); cycle (0xC00) and time (0xC01) are the tick,
    instret (0xC02) what this hart has retired."""
    if number == 1:
        return fcsr & 31
    if number == 2:
        return fcsr >> 5
    if number == 3:
        return fcsr
    if number == 0xC02:
        return retired
    return tick


def write_csr(number, fcsr, value):
    """fcsr after ``value`` has been written to a CSR; the counters are read-only."""
    if number == 1:
        return fcsr & 0xE0 | value & 31
    if number == 2:
        return fcsr & 31 | (value & 7) << 5
    if number == 3:
        return value & 0xFF
    return fcsr
