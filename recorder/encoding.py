"""Parquet's encodings (Encodings.md of Apache Parquet), compiled: one call a column and row group.

Values are int64 throughout. Outputs are arrays that the caller made; nothing is allocated here. Indices are
unsigned, as the compiler then has no negative ones to look for.
"""

from numpy import int64, uint64

from recorder.compiling import compiled
from recorder.parquetformat import DELTA, DICTIONARY, PLAIN, SPLIT

#: Values in a block of DELTA_BINARY_PACKED, and in each of its four miniblocks (Parquet's Encodings.md).
BLOCK = 128
MINIBLOCK = 32
#: Bytes that a block takes at most: its smallest difference, its widths, 64-bit differences.
BLOCK_BYTES = 10 + 4 + 8 * BLOCK
#: What `encode` takes for a column of names, whose values are places in a dictionary that the caller has.
NAMES = -1
#: What `encode` tells: the encoding, how many distinct values the dictionary has (0: there is none), the
#: bytes of its page and of the data page behind it, the smallest and the largest value.
ENCODING, DISTINCT, DICTIONARY_BYTES, DATA_BYTES, LOW, HIGH = range(6)
TOLD = 6
#: 2^64 divided by the golden ratio (Knuth, volume 3, 6.4).
GOLDEN = 0x9E3779B97F4A7C15
#: Equal places in a row, on the average, from which on they are written as runs.
SHORTEST_RUN = 16
#: Of the slots that a table of distinct values has at first: 2^11.
SMALLEST_BITS = 11


def put_varint(number, out, at):
    """A number >= 0, seven bits a byte, the lowest first (ULEB128), at a place; the place behind it."""
    one = uint64(1)
    left = uint64(number)
    while left > uint64(127):
        out[at] = left & uint64(127) | uint64(128)
        left >>= uint64(7)
        at += one
    out[at] = left
    return at + one


def put_octets(value, octets, out, at):
    """A value in so many bytes, little-endian, at a place; the place behind it."""
    for k in range(uint64(octets)):
        out[at] = (uint64(value) >> (uint64(8) * k)) & uint64(255)
        at += uint64(1)
    return at


def put_plain(values, octets, out):
    """Values in so many bytes each; the bytes written."""
    at = uint64(0)
    for i in range(uint64(len(values))):
        at = put_octets(values[i], octets, out, at)
    return at


def put_split(values, out):
    """BYTE_STREAM_SPLIT of values of eight bytes: first all lowest bytes, then all second ones
    and so on; the bytes written."""
    count = uint64(len(values))
    for plane in range(uint64(8)):
        to = plane * count
        for i in range(count):
            out[to + i] = (uint64(values[i]) >> (uint64(8) * plane)) & uint64(255)
    return uint64(8) * count


def put_places(places, distinct, out):
    """Places in a dictionary of so many, one or two bytes each (RLE of Encodings.md): runs of the same if
    they are long, else all behind each other in groups of eight; the bytes written."""
    one, eight = uint64(1), uint64(8)
    count = uint64(len(places))
    octets = uint64(2) if distinct > 256 else one
    runs = one
    for i in range(one, count):
        runs += uint64(places[i] != places[i - one])
    out[0] = 0 if distinct == 1 else eight * octets
    at = one
    if runs * SHORTEST_RUN <= count or distinct == 1:
        start = uint64(0)
        for i in range(one, count + one):
            if i == count or places[i] != places[start]:
                at = put_varint((i - start) << one, out, at)
                at = put_octets(places[start], octets, out, at) if distinct > 1 else at
                start = i
        return at
    groups = (count + uint64(7)) >> uint64(3)
    end = put_varint(groups << one | one, out, at)
    at = end
    end += eight * groups * octets
    if octets == one:
        for i in range(count):
            out[at + i] = places[i]
    else:
        for i in range(count):
            out[at + i + i] = places[i] & uint64(255)
            out[at + i + i + one] = places[i] >> eight
    for i in range(at + count * octets, end):
        out[i] = 0
    return end


def distinct(values, keys, slots, found, places):
    """Each value's place among the distinct ones, in order of appearance, into ``places``, and these into
    ``found``; their number, -1 if they don't fit into it. ``keys`` and ``slots`` are room for the table in
    which they are looked up: int64 and int32 of twice the length of ``found``, a power of two. It grows as
    it fills: few values stay in the nearest caches.
    """
    one = uint64(1)
    count = uint64(0)
    shift = uint64(64 - SMALLEST_BITS)
    last = (one << uint64(SMALLEST_BITS)) - one
    slots[: last + one] = -1
    for i in range(uint64(len(values))):
        value = values[i]
        slot = (uint64(value) * uint64(GOLDEN)) >> shift
        while slots[slot] >= 0 and keys[slot] != value:
            slot = (slot + one) & last
        if slots[slot] < 0:
            if count == uint64(len(found)):
                return -1
            slots[slot] = count
            keys[slot] = value
            found[count] = value
            places[i] = count
            count += one
            if count + count > last and last + one < uint64(len(keys)):
                shift -= one
                last += last + one
                slots[: last + one] = -1
                for place in range(count):
                    slot = (uint64(found[place]) * uint64(GOLDEN)) >> shift
                    while slots[slot] >= 0:
                        slot = (slot + one) & last
                    slots[slot] = place
                    keys[slot] = found[place]
        else:
            places[i] = slots[slot]
    return int64(count)


def smallest_step(values):
    """The smallest difference between neighbours, 0 if there are none."""
    one = uint64(1)
    low = int64(0)
    if len(values) > 1:
        low = values[1] - values[0]
    for i in range(uint64(2), uint64(len(values))):
        low = min(low, values[i] - values[i - one])
    return low


def zigzag(number):
    """A signed number as an unsigned one: 0, -1, 1, -2, ... become 0, 1, 2, 3, ..."""
    return uint64((number << 1) ^ (number >> 63))


def put_differences(values, out):
    """DELTA_BINARY_PACKED: each neighbour's difference less the smallest, in 4, 8, 16, 32 or 64 bits a value;
    the bytes written. Whole bytes and halves compress better than fewest bits, and so do blocks with one
    smallest difference."""
    one, four, eight = uint64(1), uint64(4), uint64(8)
    count = uint64(len(values))
    at = put_varint(BLOCK, out, uint64(0))
    at = put_varint(BLOCK // MINIBLOCK, out, at)
    at = put_varint(count, out, at)
    at = put_varint(zigzag(values[0]), out, at)
    low = smallest_step(values)
    i = one
    while i < count:
        at = put_varint(zigzag(low), out, at)
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
                    at = put_octets(values[j] - values[j - one] - low, octets, out, at)
                for _ in range(rest * octets):
                    out[at] = 0
                    at += one
            i = end
    return at


@compiled(
    "void(int64[::1], int64, int64, int64[::1], int32[::1], int64[::1], uint16[::1], uint8[::1], int64[::1])",
    *(put_varint, put_octets, put_plain, put_split, put_places),
    *(distinct, smallest_step, zigzag, put_differences),
)
def encode(values, how, width, keys, slots, found, places, out, told):
    """A column of a row group, into ``out``: the page of its dictionary, if it gets one, and the data page.
    ``how``: DELTA; NAMES, of which there are ``width``; or DICTIONARY for one if ``found`` takes all distinct
    values, which have ``width`` bytes each. What came of it is ``told`` (int64 [TOLD]). The other arrays
    are room to work in (`distinct`)."""
    count = uint64(len(values))
    told[DISTINCT] = told[DICTIONARY_BYTES] = 0
    if how == DELTA:
        # They never go back.
        told[LOW], told[HIGH] = values[0], values[count - uint64(1)]
        told[ENCODING] = DELTA
        told[DATA_BYTES] = put_differences(values, out)
        return
    known = width if how == NAMES else distinct(values, keys, slots, found, places)
    if how == NAMES:
        for i in range(count):
            places[i] = values[i]
    elif known > 0:
        told[DICTIONARY_BYTES] = put_plain(found[:known], width, out)
    over = found[:known] if known > 0 and how != NAMES else values
    low = high = over[0]
    for i in range(uint64(len(over))):
        low, high = min(low, over[i]), max(high, over[i])
    told[LOW], told[HIGH] = low, high
    if known > 0:
        told[ENCODING], told[DISTINCT] = DICTIONARY, known
        told[DATA_BYTES] = put_places(places[:count], known, out[told[DICTIONARY_BYTES] :])
    elif width == 8:
        told[ENCODING] = SPLIT
        told[DATA_BYTES] = put_split(values, out)
    else:
        told[ENCODING] = PLAIN
        told[DATA_BYTES] = put_plain(values, width, out)
