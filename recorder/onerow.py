"""An Arrow file of one row, read without Arrow: a file may be anybody's, and Arrow trusts it.

Its reader takes the process down for some that nobody would write, looks wherever an offset points, and
unpacks 30 KB to gigabytes. The format is simple where there is one row, of integers, texts and bytes: a
message says where its buffers stand, and a packed one begins with the bytes that it stands for. (Columnar
format, Message.fbs and Schema.fbs of Apache Arrow; FlatBuffers' internals.)
"""

import struct
from typing import Any

import pyarrow as pa

_MAGIC = b"ARROW1\0\0"
_CONTINUED = 0xFFFFFFFF
#: Fields of tables by their numbers.
_HEADER_TYPE, _HEADER, _BODY_LENGTH = 1, 2, 3
_LENGTH, _NODES, _BUFFERS, _COMPRESSION = 0, 1, 2, 3
_CODEC = 0
#: Types of messages.
_SCHEMA, _RECORD_BATCH = 1, 3
_CODECS = ("lz4", "zstd")
#: Before a packed buffer: it isn't packed.
_PLAIN = -1


class NotOneRow(ValueError):
    """A file that holds something else, or too much."""


def one_row(data: bytes, schema: pa.Schema, most: int) -> dict[str, Any]:
    """The values of a file's row by name: its columns, int64, large_string or large_binary, are the first
    ones of ``schema``; those that it lacks aren't there. Its buffers may have ``most`` bytes. Raises
    NotOneRow; OSError for what can't be unpacked."""
    try:
        return _row(data, schema, most)
    except (struct.error, IndexError, OverflowError, UnicodeDecodeError) as error:
        raise NotOneRow(f"can't be read ({error})") from None


def _row(data: bytes, schema: pa.Schema, most: int) -> dict[str, Any]:
    if not data.startswith(_MAGIC):
        raise NotOneRow("is no Arrow file")
    kind, _, _, at = _message(data, len(_MAGIC))
    if kind != _SCHEMA:
        raise NotOneRow("doesn't begin with a schema")
    kind, held, body, _ = _message(data, at)
    if kind != _RECORD_BATCH:
        raise NotOneRow("has no row")
    header = _pointed(held, _field(held, _pointed(held, 0), _HEADER))
    count, nodes = _vector(held, header, _NODES)
    rows = [struct.unpack_from("<2q", held, nodes + 16 * number) for number in range(count)]
    if count > len(schema) or any(row != (1, 0) for row in rows):
        raise NotOneRow("holds other columns, or more than a row")
    buffers = iter(_buffers(held, header, body, most))
    row = {field.name: _value(field.type, buffers) for field in list(schema)[:count]}
    if next(buffers, None) is not None:
        raise NotOneRow("holds other columns")
    return row


def _message(data: bytes, at: int) -> tuple[int, bytes, bytes, int]:
    """A message's type, what it says, its body, and the place behind it."""
    mark, size = struct.unpack_from("<Ii", data, at)
    if mark != _CONTINUED or not 0 < size <= len(data) - at - 8:
        raise NotOneRow("ends too early")
    held = data[at + 8 : at + 8 + size]
    table = _pointed(held, 0)
    length = struct.unpack_from("<q", held, place)[0] if (place := _field(held, table, _BODY_LENGTH)) else 0
    start = at + 8 + size
    if not 0 <= length <= len(data) - start:
        raise NotOneRow("ends too early")
    return held[_field(held, table, _HEADER_TYPE)], held, data[start : start + length], start + length


def _buffers(held: bytes, header: int, body: bytes, most: int) -> list[bytes]:
    """A batch's buffers, unpacked."""
    count, start = _vector(held, header, _BUFFERS)
    places = [struct.unpack_from("<2q", held, start + 16 * number) for number in range(count)]
    if any(at < 0 or not 0 <= size <= len(body) - at for at, size in places):
        raise NotOneRow("has a buffer outside of it")
    buffers = [body[at : at + size] for at, size in places]
    compression = _field(held, header, _COMPRESSION)
    if not compression:
        return buffers
    table = _pointed(held, compression)
    codec = _field(held, table, _CODEC)
    unpack = pa.Codec(_CODECS[held[codec] if codec else 0]).decompress
    sizes = [struct.unpack_from("<q", buffer)[0] if buffer else _PLAIN for buffer in buffers]
    if any(size < _PLAIN for size in sizes) or sum(sizes) > most:
        raise NotOneRow(f"would take more than {most >> 20} MiB to read")
    return [
        buffer[8:] if size == _PLAIN else unpack(buffer[8:], size, asbytes=True)
        for size, buffer in zip(sizes, buffers, strict=True)
    ]


def _value(type_: pa.DataType, buffers: Any) -> Any:
    """A column's one value, which is not null: of its buffers the first, of marks, doesn't matter."""
    next(buffers, None)
    first = next(buffers, b"")
    if type_ == pa.int64():
        return struct.unpack_from("<q", first)[0]
    start, end = struct.unpack_from("<2q", first)
    data = next(buffers, b"")
    if not 0 <= start <= end <= len(data):
        raise NotOneRow("has a value outside of it")
    return data[start:end].decode() if type_ == pa.large_string() else data[start:end]


def _pointed(held: bytes, place: int) -> int:
    """Where the offset at a place points to."""
    return place + int(struct.unpack_from("<I", held, place)[0])


def _vector(held: bytes, table: int, number: int) -> tuple[int, int]:
    """How many elements a table's field has, and where the first stands."""
    place = _field(held, table, number)
    if not place:
        return 0, 0
    at = _pointed(held, place)
    count = int(struct.unpack_from("<I", held, at)[0])
    if count > len(held):
        raise NotOneRow("ends too early")
    return count, at + 4


def _field(held: bytes, table: int, number: int) -> int:
    """The place of a table's field, 0 if it has none."""
    vtable = table - struct.unpack_from("<i", held, table)[0]
    if vtable < 0:
        raise NotOneRow("points outside of it")
    (size,) = struct.unpack_from("<H", held, vtable)
    if 4 + 2 * number >= size:
        return 0
    (offset,) = struct.unpack_from("<H", held, vtable + 4 + 2 * number)
    return table + offset if offset else 0
