"""Thrift's compact protocol, as much of it as Parquet's headers and footers take, written.

A struct is a mapping of field numbers to values, whose Python types say how they are written: an integer of
some width, bytes, bool, a list, a struct, or a struct that is written already. Source:
thrift-compact-protocol.md of Apache Thrift.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, Union

Value: TypeAlias = Union["I32", "I64", "I8", bytes, "Struct", bool, Sequence["Value"], Mapping[int, "Value"]]


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
