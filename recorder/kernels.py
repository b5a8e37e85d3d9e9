"""What the Parquet encoder does to whole columns, compiled: it runs beside the machine, without Python.

Values are int64 throughout. Outputs are arrays that the caller made; nothing is allocated here. Indices are
unsigned, as the compiler then has no negative ones to look for.
"""

from numpy import uint64

from recorder.compiling import compiled
from sim.machine.layout import INSTRUCTION_WIDTH

#: Values in a block of DELTA_BINARY_PACKED, and in each of its four miniblocks (Parquet's Encodings.md).
BLOCK = 128
MINIBLOCK = 32
#: Bytes that a block takes at most: its smallest difference, its widths, 64-bit differences.
BLOCK_BYTES = 10 + 4 + 8 * BLOCK
#: 2^64 divided by the golden ratio (Knuth, volume 3, 6.4).
GOLDEN = 0x9E3779B97F4A7C15

#: Columns of an instruction's row.
WIDTH = INSTRUCTION_WIDTH


@compiled("void(int64[::1], int64[:, :])")
def spread(rows, columns):
    """Rows [n * width], flat, into columns [width, n]."""
    width = uint64(columns.shape[0])
    for c in range(width):
        at = c
        for i in range(uint64(columns.shape[1])):
            columns[c, i] = rows[at]
            at += width


@compiled("void(int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1])")
def spread_instructions(rows, a, b, c, d, e, f):
    """The same for rows of WIDTH, each column on its own: the rows are read once."""
    at = uint64(0)
    one = uint64(1)
    for i in range(uint64(len(a))):
        a[i] = rows[at]
        b[i] = rows[at + one]
        c[i] = rows[at + uint64(2)]
        d[i] = rows[at + uint64(3)]
        e[i] = rows[at + uint64(4)]
        f[i] = rows[at + uint64(5)]
        at += uint64(6)


@compiled("void(uint8[::1], uint8[::1])")
def split(octets, out):
    """BYTE_STREAM_SPLIT of values of eight bytes: first all lowest bytes, then all second ones, and so on."""
    count = uint64(len(octets)) // uint64(8)
    for plane in range(uint64(8)):
        to = plane * count
        for i in range(count):
            out[to + i] = octets[uint64(8) * i + plane]


@compiled("int64(int64[::1], int64[::1], int32[::1], int64[::1], uint16[::1])")
def dictionary(values, keys, places, found, out):
    """Each value's place among the distinct ones, in order of appearance, into ``out``, and these into
    ``found``; their number, -1 if they don't fit into it. ``keys`` and ``places`` are the table in which they
    are looked up: int64 and int32 of a length that is a power of two, twice that of ``found``, all places -1.
    """
    count = 0
    last = uint64(len(keys) - 1)
    shift = uint64(64)
    while uint64(1) << (uint64(64) - shift) < uint64(len(keys)):
        shift -= uint64(1)
    for i in range(uint64(len(values))):
        value = values[i]
        slot = (uint64(value) * uint64(GOLDEN)) >> shift
        while True:
            place = places[slot]
            if place < 0:
                if count == len(found):
                    return -1
                place = count
                places[slot] = place
                keys[slot] = value
                found[count] = value
                count += 1
                break
            if keys[slot] == value:
                break
            slot = (slot + uint64(1)) & last
        out[i] = place
    return count


@compiled("int64(int64[::1])")
def smallest_step(values):
    """The smallest difference between neighbours."""
    one = uint64(1)
    low = values[1] - values[0]
    for i in range(uint64(2), uint64(len(values))):
        low = min(low, values[i] - values[i - one])
    return low


@compiled("int64(int64[::1], int64, uint8[::1], uint8[::1])")
def differences(values, low, prefix, out):
    """The blocks of DELTA_BINARY_PACKED: each neighbour's difference less ``low``, which none is below, in 4,
    8, 16, 32 or 64 bits a value; the bytes written. Whole bytes and halves compress better than fewest bits,
    and so do blocks with one ``low``, whose varint is ``prefix``."""
    one, four, eight = uint64(1), uint64(4), uint64(8)
    count = uint64(len(values))
    at = uint64(0)
    i = one
    while i < count:
        for k in range(uint64(len(prefix))):
            out[at] = prefix[k]
            at += one
        widths = at
        at += four
        for block in range(four):
            end = min(i + uint64(MINIBLOCK), count)
            rest = uint64(MINIBLOCK) - (end - i)
            bits = uint64(0)
            for j in range(i, end):
                bits |= uint64(values[j] - values[j - one] - low)
            if i == count:
                out[widths + block] = 0
            elif bits < 16 and rest == 0:
                out[widths + block] = 4
                for j in range(i, end, uint64(2)):
                    first = values[j] - values[j - one] - low
                    second = values[j + one] - values[j] - low
                    out[at] = first | (second << 4)
                    at += one
            else:
                octets = one
                while octets < eight and bits >> (eight * octets) != 0:
                    octets += octets
                out[widths + block] = eight * octets
                for j in range(i, end):
                    step = uint64(values[j] - values[j - one] - low)
                    for k in range(octets):
                        out[at] = (step >> (eight * k)) & uint64(255)
                        at += one
                for _ in range(rest * octets):
                    out[at] = 0
                    at += one
            i = end
    return at
