"""The kernel's events of one kind, packed: how they wait for the recorder.

An event becomes a row of fixed width the moment it happens: integers as wide as their columns, a name as its
index, a text as its place among the texts so far, bytes as their count. So nothing holds on to the event
itself, and whole columns become Arrow's without the interpreter (`recorder.parts`). The function that packs a
kind's events is generated from its columns: a loop over columns would take four times as long.
"""

import struct
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.vocabulary import Column, Event, columns, from_row

#: Type of a column -> its code in a struct; the codes mean the same to NumPy.
_CODES = {"int64": "q", "int32": "i", "int16": "h", "bool": "?", "text": "i", "blob": "i"}
_NAME = "b"


#: ``take(event, seq, tick)`` numbers an event of the kernel's and returns how many bytes of ``data`` it has.
Take = Callable[[Any, int, int], int]


class Packed:
    """Events of one kind, in order of seq. ``take`` also packs the event: it keeps what the event says now and
    not the event. Raises struct.error for an integer that its column can't hold, KeyError for an unknown name.

    ``texts`` are the different texts, of all columns, in the order of their appearance; ``blobs`` the bytes
    of each column of bytes, one event's behind the other's.
    """

    take: Take

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.clear()

    def clear(self) -> None:
        """Begin anew; what was packed stays with those who have a view of it."""
        self.rows = bytearray()
        self.texts = _Places()
        self.blobs = {column.name: bytearray() for column in columns(self.kind) if column.type == "blob"}
        self.take = _maker(self.kind)(self.rows, self.texts, **self.blobs)

    def append(self, event: Event) -> None:
        """Take one that is numbered."""
        self.take(event, event.seq, event.tick)

    def __len__(self) -> int:
        return len(self.rows) // row_format(self.kind).size

    def column(self, name: str) -> NDArray[Any]:
        """[events]: the column's numbers, as wide as it is; of names their indices (int8), of texts their
        places, of bytes their counts (int32). A copy."""
        dtype = np.dtype([(column.name, "=" + _code(column)) for column in columns(self.kind)])
        return np.ascontiguousarray(np.frombuffer(self.rows, dtype)[name])

    def __iter__(self) -> Iterator[Event]:
        """The events, made anew."""
        declared = columns(self.kind)
        texts = list(self.texts)
        done = dict.fromkeys(self.blobs, 0)
        for row in row_format(self.kind).iter_unpack(self.rows):
            values: list[Any] = list(row)
            for place, column in enumerate(declared):
                if column.names:
                    values[place] = column.names[row[place]]
                elif column.type == "text":
                    values[place] = texts[row[place]]
                elif column.type == "blob":
                    start = done[column.name]
                    done[column.name] = end = start + row[place]
                    values[place] = bytes(self.blobs[column.name][start:end])
            yield from_row(self.kind, tuple(values))


class _Places(dict[str, int]):
    """Texts and their places; one that is asked for the first time gets the next."""

    def __missing__(self, text: str) -> int:
        place = self[text] = len(self)
        return place


@cache
def row_format(kind: str) -> struct.Struct:
    """The format of one row."""
    return struct.Struct("=" + "".join(map(_code, columns(kind))))


def _code(column: Column) -> str:
    return _NAME if column.names else _CODES[column.type]


@cache
def unpacked(kind: str) -> Take:
    """`Packed.take` for a kind whose events nobody records."""
    space: dict[str, Any] = {}
    exec("\n".join(["def take(event, seq, tick):", *_numbering(kind)]), space)
    take: Take = space["take"]
    return take


@cache
def _maker(kind: str) -> Callable[..., Take]:
    """``make(rows, texts, **blobs) -> take`` for a kind."""
    blobs = [column.name for column in columns(kind) if column.type == "blob"]
    space: dict[str, Any] = {"pack": row_format(kind).pack}
    values = ["seq", "tick"]
    for column in columns(kind)[2:]:
        value = f"event.{column.name}"
        if column.names:
            space[f"names_{column.name}"] = {name: place for place, name in enumerate(column.names)}
            value = f"names_{column.name}[{value}]"
        elif column.type == "text":
            value = f"texts[{value}]"
        elif column.type == "blob":
            value = f"len({value})"
        values.append(value)
    # All that `take` uses are variables of `make`, which are quicker to get at than global ones.
    lines = [
        f"def make({', '.join(['rows', 'texts', *blobs, *(f'{name}={name}' for name in space)])}):",
        "    extend = rows.extend",
        "    def take(event, seq, tick):",
        f"        extend(pack({', '.join(values)}))",
        *(f"        if event.{blob}: {blob}.extend(event.{blob})" for blob in blobs),
        *(f"    {line}" for line in _numbering(kind)),
        "    return take",
    ]
    exec("\n".join(lines), space)
    make: Callable[..., Take] = space["make"]
    return make


def _numbering(kind: str) -> list[str]:
    """The end of ``take``."""
    data = any(column.name == "data" for column in columns(kind))
    return ["    event.seq, event.tick = seq, tick", f"    return {'len(event.data)' if data else 0}"]
