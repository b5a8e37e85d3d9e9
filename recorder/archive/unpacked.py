"""How large a Parquet file gets when it is read, which its own size doesn't tell: 60 KB can stand for 2 GB of
zeros, and a dictionary's one text for as many as there are rows.

The footer can say anything, so each page is asked: a reader takes no more for one than its header says, or
raises. (parquet.thrift and Encodings.md of Apache Parquet.)
"""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from recorder.footer import Chunk, Footer
from recorder.parquetformat import (
    BOOLEAN,
    BYTE_ARRAY,
    DATA_PAGE,
    DATA_PAGE_2,
    DELTA,
    DICTIONARY,
    DICTIONARY_PAGE,
    INT32,
    INT64,
    OLD_DICTIONARY,
    PLAIN,
    RLE,
    SPLIT,
)
from recorder.thrift import NotThrift, parsed

#: Bytes that a file may have, unpacked. A segment ends behind 256 MiB of data (`sim.machine.buffers`), but
#: for what programs are loaded with.
LARGEST = 1 << 30
#: Bytes of a page's header, at most.
_HEADER = 1 << 16
#: What columns are made of.
_TYPES = (BOOLEAN, INT32, INT64, BYTE_ARRAY)
#: The header of a data page by its type: its field in the page's header, and in it that of the encoding.
_ENCODING = {DATA_PAGE: (5, 2), DATA_PAGE_2: (8, 4)}
_BY_DICTIONARY = (DICTIONARY, OLD_DICTIONARY)
#: Of texts and bytes, the others have no more than a page does; of numbers, there are as many as rows.
_KNOWN = (PLAIN, RLE, DELTA, SPLIT, *_BY_DICTIONARY)


class TooLarge(ValueError):
    """A file that would not fit, or that nobody can tell of whether it would."""


def check(file: pa.NativeFile, end: Footer) -> None:
    """Whether a file may be read, of which there is no more to fear than its rows. Raises TooLarge,
    BadFooter; OSError or an Arrow error for a file that can't be read."""
    for held in end.columns:
        if held.type not in _TYPES or held.repeated:
            raise TooLarge(f"has a column {held.name[:40]!a} of a type that no event has")
    size = 0
    for number, group in enumerate(end.groups):
        for held, chunk in zip(end.columns, group, strict=True):
            encodings = set()
            for unpacked, encoding in _pages(file, chunk):
                size += unpacked
                encodings.add(encoding)
            _bound(size)
            if held.type == BYTE_ARRAY and encodings.intersection(_BY_DICTIONARY):
                size += _spelt_out(file, end, number, held.name)
                _bound(size)


def _bound(size: int) -> None:
    if size > LARGEST:
        raise TooLarge(f"would take more than {LARGEST >> 20} MiB to read")


def _pages(file: pa.NativeFile, chunk: Chunk) -> Iterator[tuple[int, int]]:
    """The bytes, unpacked, and the encoding of each page of a column's values in a row group."""
    at = chunk.start
    while at < chunk.end:
        file.seek(at)
        try:
            header, length = parsed(file.read(_HEADER))
        except NotThrift as error:
            raise TooLarge(f"has a page whose header can't be read ({error})") from None
        unpacked, packed = header.get(2), header.get(3)
        if type(unpacked) is not int or type(packed) is not int or unpacked < 0 or packed < 0:
            raise TooLarge("has a page of no size")
        encoding = _encoding(header)
        if encoding not in _KNOWN:
            raise TooLarge("has a page of a kind that no recorder writes")
        yield unpacked, encoding
        at += length + packed
    if at != chunk.end:
        raise TooLarge("has a page that goes on behind its column")


def _encoding(header: dict[int, Any]) -> Any:
    kind = header.get(1)
    if kind == DICTIONARY_PAGE:
        return PLAIN
    place, number = _ENCODING.get(kind, (0, 0)) if isinstance(kind, int) else (0, 0)
    inner = header.get(place)
    return inner.get(number) if isinstance(inner, dict) else None


def _spelt_out(file: pa.NativeFile, end: Footer, group: int, name: str) -> int:
    """The bytes of a column of texts, each of which its dictionary may have but once."""
    opened = pq.ParquetFile(file, metadata=end.metadata, read_dictionary=[name])
    size = 0
    for chunk in opened.read_row_group(group, columns=[name]).column(0).chunks:
        if pa.types.is_dictionary(chunk.type):
            lengths = pc.binary_length(chunk.dictionary).cast(pa.int64()).take(chunk.indices)
            size += pc.sum(lengths).as_py() or 0
    return size
