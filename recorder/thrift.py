"""Thrift's compact protocol, as much of it as Parquet's headers and footers take, written.

A struct is a mapping of field numbers to values, whose Python types say how they are written: `Int` (of any
width), bytes, bool, a list, a struct. Source: thrift-compact-protocol.md of Apache Thrift.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias, Union

Value: TypeAlias = Union["I32", "I64", "I8", bytes, bool, Sequence["Value"], Mapping[int, "Value"]]


class I32(int):
    """An integer of 32 bits."""

    code = 5


class I64(int):
    """An integer of 64 bits."""

    code = 6


class I8(int):
    """An integer of 8 bits."""

    code = 3


_TRUE, _FALSE, _BINARY, _LIST, _STRUCT = 1, 2, 8, 9, 12


def varint(number: int) -> bytes:
    """A number >= 0, seven bits a byte, the lowest first (ULEB128)."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def zigzag(number: int) -> bytes:
    """A signed 64-bit number as a varint: 0, -1, 1, -2, ... become 0, 1, 2, 3, ..."""
    return varint((number << 1) ^ (number >> 63))


def struct(fields: Mapping[int, Value]) -> bytes:
    """A struct's fields, in order of their numbers, and its end."""
    out = bytearray()
    before = 0
    for number, value in sorted(fields.items()):
        out.append((number - before) << 4 | _code(value))
        if not isinstance(value, bool):
            out += _written(value)
        before = number
    out.append(0)
    return bytes(out)


def _code(value: Value) -> int:
    if isinstance(value, I8 | I32 | I64):
        return value.code
    if isinstance(value, bool):
        return _TRUE if value else _FALSE
    if isinstance(value, bytes):
        return _BINARY
    return _STRUCT if isinstance(value, Mapping) else _LIST


def _written(value: Value) -> bytes:
    if isinstance(value, I8):
        return bytes([value & 255])
    if isinstance(value, I32 | I64):
        return zigzag(value)
    if isinstance(value, bytes):
        return varint(len(value)) + value
    if isinstance(value, Mapping):
        return struct(value)
    assert not isinstance(value, bool)
    short = len(value) < 15
    head = bytes([min(len(value), 15) << 4 | _code(value[0])])
    return head + (b"" if short else varint(len(value))) + b"".join(map(_written, value))
