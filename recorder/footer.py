"""What stands at a Parquet file's end: its columns, and where each row group has them.

PyArrow could tell, but ends the process for some that nobody would write: an exception in C++ that is never
caught. So here the footer is read as parquet.thrift of Apache Parquet has it, and one that isn't such a
footer raises BadFooter before PyArrow is asked for a column of a row group.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from recorder.parquetformat import BYTE_ARRAY, INT64, MAGIC
from recorder.thrift import NotThrift, parsed

#: Bytes of a file without any: twice the magic, and the footer's length.
_LEAST = 12
#: Bytes at the end that are read at once: more than most footers have.
_TAIL = 1 << 16
#: Bytes of a footer, at most: a thousand row groups.
_LARGEST = 1 << 24
_OPTIONAL, _REPEATED = 1, 2
#: Fields of a column in a row group: it is in another file, or encrypted.
_ELSEWHERE = {1, 8, 9}


class BadFooter(ValueError):
    """A file that doesn't end as a Parquet file does."""


@dataclass(frozen=True)
class Held:
    """A column; ``type``: how it is stored (`recorder.parquetformat`)."""

    name: str
    type: int
    repeated: bool
    optional: bool


@dataclass(frozen=True)
class Chunk:
    """A column's values in a row group: its pages stand at ``start`` up to ``end``. ``low`` and ``high``: the
    smallest and the largest value of 64 bits, None if nobody counted."""

    start: int
    end: int
    low: int | None
    high: int | None

    def meets(self, low: int, high: int) -> bool:
        """Whether there may be values with low <= value <= high."""
        return self.low is None or self.high is None or (self.low <= high and self.high >= low)


class Footer:
    """Of an open file. Raises BadFooter; OSError if it can't be read."""

    def __init__(self, file: pa.NativeFile) -> None:
        size = file.size()
        end = _end_of(file, size, _TAIL)
        if not end.endswith(MAGIC) or size < _LEAST:
            raise BadFooter("it is no Parquet file")
        length = int.from_bytes(end[-8:-4], "little")
        if length > min(_LARGEST, size - _LEAST):
            raise BadFooter("its footer is too long")
        if length + 8 > len(end):
            end = _end_of(file, size, length + 8)
        self._end = end[-8 - length :]
        self._size = size

    @cached_property
    def metadata(self) -> "pq.FileMetaData":
        """As PyArrow has it. To ask its row groups for columns may end the process."""
        return pq.read_metadata(pa.BufferReader(self._end))

    @property
    def columns(self) -> tuple[Held, ...]:
        """In order."""
        return self._held[0]

    @property
    def groups(self) -> tuple[tuple[Chunk, ...], ...]:
        """Row groups: for each column its values there."""
        return self._held[1]

    @cached_property
    def _held(self) -> tuple[tuple[Held, ...], tuple[tuple[Chunk, ...], ...]]:
        try:
            fields, _ = parsed(self._end)
            columns = _columns(fields[2])
            groups = tuple(self._group(group, columns) for group in fields[4])
        except NotThrift as error:
            raise BadFooter(f"its footer can't be read ({error})") from None
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise BadFooter("its footer is none that a recorder writes") from error
        return columns, groups

    def _group(self, group: dict[int, Any], columns: Sequence[Held]) -> tuple[Chunk, ...]:
        pairs = zip(group[1], columns, strict=True)
        return tuple(self._chunk(chunk, held, empty=group[3] == 0) for chunk, held in pairs)

    def _chunk(self, chunk: dict[int, Any], held: Held, *, empty: bool) -> Chunk:
        about = chunk[3]
        _check_sizes(about.get(16, {}), held)
        elsewhere = chunk.keys() & _ELSEWHERE
        if elsewhere or about[1] != held.type or about[3] != [held.name.encode()]:
            raise ValueError("of another column, in another file, or encrypted")
        if empty:
            # It has no place then.
            return Chunk(0, 0, None, None)
        start = about[9]
        if about.get(11, 0) > 0:
            start = min(start, about[11])
        end = start + about[7]
        if not 0 < start <= end <= self._size:
            raise ValueError("outside of the file")
        told = about.get(12, {}) if held.type == INT64 else {}
        return Chunk(start, end, _number(told.get(6)), _number(told.get(5)))


def _end_of(file: pa.NativeFile, size: int, count: int) -> bytes:
    file.seek(max(size - count, 0))
    data: bytes = file.read(count)
    return data


def _columns(elements: list[dict[int, Any]]) -> tuple[Held, ...]:
    """Those of a flat schema: a root, and its children."""
    root, *leaves = elements
    if not leaves or root[5] != len(leaves) or any(leaf.get(5, 0) for leaf in leaves):
        raise ValueError("not flat")
    return tuple(
        Held(leaf[4].decode(), leaf[1], leaf.get(3) == _REPEATED, leaf.get(3) == _OPTIONAL) for leaf in leaves
    )


def _check_sizes(told: dict[int, Any], held: Held) -> None:
    """Of a column's values in a row group: how many bytes they have, how many are repeated, how many null."""
    if told.get(1) is not None and held.type != BYTE_ARRAY:
        raise ValueError("bytes of numbers")
    if len(told.get(2, [])) > 1 or len(told.get(3, [])) not in (0, 1 + held.optional):
        raise ValueError("more levels than a flat column has")


def _number(octets: bytes | None) -> int | None:
    if octets is None:
        return None
    if len(octets) != 8:
        raise ValueError("no number of 64 bits")
    return int.from_bytes(octets, "little", signed=True)
