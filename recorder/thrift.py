"""Thrift's compact protocol, as much of it as Parquet's headers and footers take, written, and read.

A struct is a mapping of field numbers to values, whose Python types say how they are written: an integer of
some width, bytes, bool, a list, a struct, or a struct that is written already. Source:
thrift-compact-protocol.md of Apache Thrift.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, Union

Value: TypeAlias = Union["I32", "I64", "I8", bytes, "Struct", bool, Sequence["Value"], Mapping[int, "Value"]]


#: Structs and lists inside of each other, in what is read.
DEPTH = 8
#: Bits of a varint at most: ten bytes.
_LONGEST = 70


class NotThrift(ValueError):
    """Bytes that are no struct."""


class I32(int):
    """An integer of 32 bits."""


class I64(int):
    """An integer of 64 bits."""


class I8(int):
    """An integer of 8 bits."""


class Struct(bytes):
    """A struct as it is written."""


_OCTETS = [bytes([number]) for number in range(256)]


def varint(number: int) -> bytes:
    """A number >= 0, seven bits a byte, the lowest first (ULEB128)."""
    if number < 128:  # Most are.
        return _OCTETS[number]
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def zigzag(number: int) -> bytes:
    """A signed 64-bit number as a varint: 0, -1, 1, -2, ... become 0, 1, 2, 3, ..."""
    return varint((number << 1) ^ (number >> 63))


def struct(fields: Mapping[int, Value]) -> Struct:
    """A struct's fields, which come in order of their numbers, and its end."""
    out = []
    before = 0
    for number, value in fields.items():
        type_ = type(value)
        if type_ is bool:
            # A field's type says which it is.
            out.append(_OCTETS[(number - before) << 4 | (1 if value else 2)])
        else:
            code, write = _WRITERS[type_]
            out.append(_OCTETS[(number - before) << 4 | code])
            out.append(write(value))
        before = number
    out.append(b"\0")
    return Struct(b"".join(out))


def _bytes(value: bytes) -> bytes:
    return varint(len(value)) + value


def _list(values: Sequence[Value]) -> bytes:
    code, write = _WRITERS[type(values[0])]
    count = len(values)
    head = _OCTETS[count << 4 | code] if count < 15 else _OCTETS[15 << 4 | code] + varint(count)
    return head + b"".join(map(write, values))


#: By a value's type, the protocol's number for it and what writes it.
_WRITERS: dict[type, tuple[int, Callable[[Any], bytes]]] = {
    I8: (3, lambda value: _OCTETS[value & 255]),
    I32: (5, zigzag),
    I64: (6, zigzag),
    bytes: (8, _bytes),
    list: (9, _list),
    Struct: (12, bytes),
    dict: (12, struct),
}


def parsed(data: bytes, at: int = 0) -> tuple[dict[int, Any], int]:
    """A struct that begins at a place in ``data``, which may be anybody's, and the place behind it. By field
    number: integers, bytes, bool, lists and structs. Raises NotThrift."""
    try:
        return _parsed_struct(data, at, DEPTH)
    except IndexError:
        raise NotThrift("it ends too early") from None


# These are given the place where a value begins, and give back that behind it; IndexError: the data ends.


def _parsed_struct(data: bytes, at: int, depth: int) -> tuple[dict[int, Any], int]:
    if not depth:
        raise NotThrift("it is nested too deep")
    fields: dict[int, Any] = {}
    number = 0
    while head := data[at]:
        at += 1
        if head > 15:
            number += head >> 4
        else:
            number, at = _parsed_integer(data, at, depth)
        if number in fields:
            # Other readers would make one of the two.
            raise NotThrift(f"it has field {number} twice")
        code = head & 15
        if code in (1, 2):
            fields[number] = code == 1
        else:
            fields[number], at = _reader(code)(data, at, depth - 1)
    return fields, at + 1


def _parsed_integer(data: bytes, at: int, depth: int) -> tuple[int, int]:
    number, at = _parsed_varint(data, at)
    return (number >> 1) ^ -(number & 1), at


def _parsed_varint(data: bytes, at: int) -> tuple[int, int]:
    number = data[at] & 127
    shift = 7
    while data[at] > 127:
        at += 1
        if shift == _LONGEST:
            raise NotThrift("it has a number that doesn't end")
        number |= (data[at] & 127) << shift
        shift += 7
    return number, at + 1


def _parsed_octet(data: bytes, at: int, depth: int) -> tuple[int, int]:
    return data[at], at + 1


def _parsed_bytes(data: bytes, at: int, depth: int) -> tuple[bytes, int]:
    count, at = _parsed_varint(data, at)
    if count > len(data) - at:
        raise IndexError
    return data[at : at + count], at + count


def _parsed_list(data: bytes, at: int, depth: int) -> tuple[list[Any], int]:
    if not depth:
        raise NotThrift("it is nested too deep")
    head = data[at]
    count, at = (head >> 4, at + 1) if head >> 4 < 15 else _parsed_varint(data, at + 1)
    if count > len(data) - at:
        raise IndexError
    if head & 15 in (1, 2):
        return [octet == 1 for octet in data[at : at + count]], at + count
    read, values = _reader(head & 15), []
    for _ in range(count):
        value, at = read(data, at, depth - 1)
        values.append(value)
    return values, at


def _reader(code: int) -> Callable[[bytes, int, int], tuple[Any, int]]:
    try:
        return _READERS[code]
    except KeyError:
        raise NotThrift(f"it has a value of type {code}") from None


#: What reads a value, by the protocol's number for its type.
_READERS: dict[int, Callable[[bytes, int, int], tuple[Any, int]]] = {
    3: _parsed_octet,
    4: _parsed_integer,
    5: _parsed_integer,
    6: _parsed_integer,
    8: _parsed_bytes,
    9: _parsed_list,
    12: _parsed_struct,
}
