"""The two binary formats: their fields, a number in parts, and rounding.

*Bits* are a signed integer: all 64 of a double, or the 32 of a single **sign-extended**, so that in both
formats a number with the sign bit set is a negative integer. ``fraction`` says which format: the bits of
its fraction field, F32 or F64.

A finite number in parts is ``significand * 2**(exponent - 62)`` with bit 62 of the significand set (0 for
zero); the sign goes apart. Bit 0 of a significand also stands for whatever lies below it (it is *sticky*),
which decides ties and inexactness and nothing else, as there are at least ten bits below a double's last.
"""

from sim.isa.arithmetic import MASK63, MIN

F32 = 23
F64 = 52

# Rounding modes, as frm and the instructions' rm field number them.
RNE = 0
RTZ = 1
RDN = 2
RUP = 3
RMM = 4
#: In an instruction: what frm says.
DYNAMIC = 7

# Exception flags, as fflags has them.
NX = 1
UF = 2
OF = 4
DZ = 8
NV = 16

MIN32 = -0x8000_0000
MASK31 = 0x7FFF_FFFF
MASK27 = 0x07FF_FFFF
MASK44 = 0x0FFF_FFFF_FFFF
MASK60 = 0x0FFF_FFFF_FFFF_FFFF
MASK62 = 0x3FFF_FFFF_FFFF_FFFF
INFINITY32 = 0x7F80_0000
INFINITY64 = 0x7FF0_0000_0000_0000
NAN32 = 0x7FC0_0000
NAN64 = 0x7FF8_0000_0000_0000


def rounding_mode(rm, fcsr):
    """The mode that an instruction's rm field asks for: its own, or that of frm, bits 7:5 of fcsr."""
    return fcsr >> 5 if rm == DYNAMIC else rm


def unbox(register):
    """A single's bits from a 64-bit register; one that isn't NaN-boxed reads as the canonical NaN."""
    if register >> 32 != -1:
        return NAN32
    return ((register & 0xFFFF_FFFF) ^ 0x8000_0000) - 0x8000_0000


def box(bits):
    """A single's bits as a 64-bit register holds them: the upper half all ones."""
    return bits | -0x1_0000_0000


def bias(fraction):
    """What the exponent field adds to the exponent."""
    return 1023 if fraction == F64 else 127


def infinity(fraction):
    """The bits of +infinity; a greater magnitude is a NaN."""
    return INFINITY64 if fraction == F64 else INFINITY32


def nan(fraction):
    """The bits of the canonical NaN, which is what every invalid operation gives."""
    return NAN64 if fraction == F64 else NAN32


def magnitude(bits, fraction):
    """The bits without the sign; magnitudes are ordered as the numbers are."""
    return bits & (MASK63 if fraction == F64 else MASK31)


def signed(negative, size, fraction):
    """The bits of a magnitude with a sign."""
    if negative:
        return size + (MIN if fraction == F64 else MIN32)
    return size


def is_nan(bits, fraction):
    """True for a NaN of either kind."""
    return magnitude(bits, fraction) > infinity(fraction)


def is_signaling(bits, fraction):
    """True for a NaN that raises NV wherever it is used: the fraction's first bit is clear."""
    return is_nan(bits, fraction) and (bits >> (fraction - 1)) & 1 == 0


def nan_of(a, b, fraction):
    """(bits, flags) of an operation that has a NaN among its operands."""
    if is_signaling(a, fraction) or is_signaling(b, fraction):
        return nan(fraction), NV
    return nan(fraction), 0


def shift_right_sticky(value, amount):
    """A value below 2**63 shifted right; bit 0 is also set if any bit fell out."""
    if amount > 62:
        return int(value != 0)
    return value >> amount | int(value & ((1 << amount) - 1) != 0)


def normalise(exponent, significand):
    """The same positive number with bit 62 of the significand set."""
    amount = 32
    while amount > 0:
        if significand < 1 << (63 - amount):
            significand <<= amount
            exponent -= amount
        amount >>= 1
    return exponent, significand


def unpack(bits, fraction):
    """(exponent, significand) of a finite number."""
    size = magnitude(bits, fraction)
    exponent = size >> fraction
    significand = (size & ((1 << fraction) - 1)) << (62 - fraction)
    if exponent > 0:
        return exponent - bias(fraction), significand | 1 << 62
    if significand == 0:
        return 0, 0
    return normalise(1 - bias(fraction), significand)


def rounds_up(negative, kept, rest, half, rounding):
    """1 if ``kept`` with ``rest`` left over (``half``: half of its last place) rounds away from zero."""
    if rest == 0:
        return 0
    if rounding == RNE:
        return int(rest > half or (rest == half and kept & 1 == 1))
    if rounding == RMM:
        return int(rest >= half)
    if rounding == RDN:
        return int(negative)
    if rounding == RUP:
        return int(not negative)
    return 0


def round_pack(negative, exponent, significand, rounding, fraction):
    """(bits, flags) of a number in parts, not zero. Tiny is what is below the least normal number *after*
    rounding as if exponents had no bound."""
    drop = 62 - fraction
    half = 1 << (drop - 1)
    field = exponent + bias(fraction)
    tiny = False
    if field < 1:
        kept = significand >> drop
        kept += rounds_up(negative, kept, significand & ((1 << drop) - 1), half, rounding)
        tiny = field < 0 or kept >> (fraction + 1) == 0
        significand = shift_right_sticky(significand, 1 - field)
        field = 1
    if field > 2 * bias(fraction):
        return overflow(negative, rounding, fraction)
    kept = significand >> drop
    rest = significand & ((1 << drop) - 1)
    # The significand's first bit adds one to the field, as does a carry out of the fraction.
    size = ((field - 1) << fraction) + kept + rounds_up(negative, kept, rest, half, rounding)
    if size >= infinity(fraction):
        return overflow(negative, rounding, fraction)
    flags = 0
    if rest != 0:
        flags = NX | UF if tiny else NX
    return signed(negative, size, fraction), flags


def overflow(negative, rounding, fraction):
    """(bits, flags) of what is too large: infinity, or the greatest finite number if rounding is inward."""
    size = infinity(fraction)
    if rounding == RTZ or (rounding == RDN and not negative) or (rounding == RUP and negative):
        size -= 1
    return signed(negative, size, fraction), OF | NX


def exact_zero(rounding, fraction):
    """The zero that a sum of opposites is: -0 only when rounding down."""
    return signed(rounding == RDN, 0, fraction)
