"""The kernel's events of one kind, packed: how they wait for the recorder.

An event becomes a row of fixed width the moment it happens: integers as wide as their columns, a name as its
index, a text as its place among the texts so far, bytes as their count. So nothing holds on to the event
itself, and whole columns become Arrow's without the interpreter (`recorder.parts`).
"""

import struct
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.events import Column, Event, columns, from_row

#: Type of a column -> its code in a struct; the codes mean the same to NumPy.
_CODES = {"int64": "q", "int32": "i", "int16": "h", "bool": "?", "text": "i", "blob": "i"}
_NAME = "b"


class Packed:
    """Events of one kind, in order of seq. ``texts`` are the different texts, of all columns, in the order of
    their appearance; ``blobs`` the bytes of each column of bytes, one event's behind the other's.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.clear()

    def clear(self) -> None:
        """Begin anew; what was packed stays with those who have a view of it."""
        self.rows = bytearray()
        self.texts = _Places()
        self.blobs = {column.name: bytearray() for column in columns(self.kind) if column.type == "blob"}

    def append(self, event: Event) -> None:
        """One more, which is numbered. Raises struct.error for an integer that its column can't hold,
        KeyError for an unknown name. (The kernel's events go through code that does the same, `packing`.)"""
        values: list[Any] = []
        for column in columns(self.kind):
            value = getattr(event, column.name)
            if column.names:
                value = _indices(column)[value]
            elif column.type == "text":
                value = self.texts[value]
            elif column.type == "blob":
                self.blobs[column.name] += value
                value = len(value)
            values.append(value)
        self.rows += row_format(self.kind).pack(*values)

    def __len__(self) -> int:
        return len(self.rows) // row_format(self.kind).size

    def columns(self) -> dict[str, NDArray[Any]]:
        """By name, [events]: a column's numbers, as wide as it is; of names their indices (int8), of texts
        their places, of bytes their counts (int32). Copies."""
        rows = np.frombuffer(self.rows, _row_type(self.kind))
        return {column.name: np.ascontiguousarray(rows[column.name]) for column in columns(self.kind)}

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


@cache
def _row_type(kind: str) -> np.dtype[Any]:
    """The same, as NumPy has it."""
    return np.dtype([(column.name, "=" + _code(column)) for column in columns(kind)])


def _code(column: Column) -> str:
    return _NAME if column.names else _CODES[column.type]


@cache
def _indices(column: Column) -> dict[str, int]:
    return {name: index for index, name in enumerate(column.names)}


@cache
def packing(kind: str) -> tuple[list[str], dict[str, Any]]:
    """`Packed.append` for one kind, as statements about ``event`` and the constants in them: a quarter of
    the time that a loop over the columns takes. Variables are ``extend`` (the rows'), ``texts``, and the
    blobs, each by its column's name."""
    constants: dict[str, Any] = {"pack": row_format(kind).pack}
    values = []
    statements = []
    for column in columns(kind):
        value = f"event.{column.name}"
        if column.names:
            constants[f"indices_{column.name}"] = _indices(column)
            value = f"indices_{column.name}[{value}]"
        elif column.type == "text":
            value = f"texts[{value}]"
        elif column.type == "blob":
            statements.append(f"if {value}: {column.name}.extend({value})")
            value = f"len({value})"
        values.append(value)
    return [f"extend(pack({', '.join(values)}))", *statements], constants
