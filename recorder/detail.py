"""How much of a run's events is stored (``--detail``): all, or what the rest can be made from again.

Data flows from a segment's parts, whose digest has been taken, to those that a store gets. Whatever is
stored, the run's digest is that of all its events; `simrec rebuild` makes what is missing, and compares.
"""

from typing import TYPE_CHECKING

import numpy as np

from recorder.errors import LogError
from recorder.run import RunRow
from recorder.schema import INSTRUCTION

if TYPE_CHECKING:
    import pyarrow as pa

    from recorder.parts import AnyPart

FULL, MEMORY, CHOICES = "full", "memory", "choices"
#: Each, the most first, with what is stored, in words.
DETAILS = {
    FULL: "every event",
    MEMORY: "events without the values of instructions that touched no memory",
    CHOICES: "what was chosen and what came from outside",
}
#: Kinds of events that say that, and which processes there were. Of ``file`` events those are meant that say
#: how much a file of the host's took of what was written.
CHOSEN = ("run", "process", "choice", "input", "host", "file")
#: The address of instructions that touched no memory.
NO_ADDRESS = 0


class NotStored(LogError):
    """A question needs more of a run's events than are stored."""

    def __init__(self, run: RunRow) -> None:
        what = DETAILS[run.detail]
        super().__init__(f"run {run.id} holds only {what}: `simrec rebuild {run.id}` makes the rest again")


def require(run: RunRow, least: str) -> None:
    """Raises NotStored if less than ``least`` is stored of a run."""
    order = list(DETAILS)
    if order.index(run.detail) > order.index(least):
        raise NotStored(run)


def keep(detail: str, parts: "list[AnyPart]") -> "list[AnyPart]":
    """What is stored of a segment's events."""
    if detail == MEMORY:
        return [_accesses(part) for part in parts]
    if detail == CHOICES:
        chosen = [_written(part) for part in parts if part.kind in CHOSEN]
        return [part for part in chosen if part.count]
    return parts


def lacks_values(detail: str, kind: str) -> bool:
    """True if rows have a value only where memory was touched."""
    return detail == MEMORY and kind == INSTRUCTION


def told(table: "pa.Table") -> "pa.Table":
    """Such rows, with their addresses, as readers get them: a value that isn't stored is null."""
    import pyarrow as pa
    import pyarrow.compute as pc

    touched = pc.not_equal(table["address"], NO_ADDRESS)
    values = pc.if_else(touched, table["value"], pa.scalar(None, pa.int64()))
    return table.set_column(table.column_names.index("value"), pa.field("value", pa.int64()), values)


def _accesses(part: "AnyPart") -> "AnyPart":
    """Values that aren't stored are zeros, which take no room."""
    from recorder.parts import NumberPart

    if not isinstance(part, NumberPart) or part.kind != INSTRUCTION:
        return part
    values = np.where(part.columns["address"] != NO_ADDRESS, part.columns["value"], 0)
    return NumberPart(part.kind, part.hart, {**part.columns, "value": values})


def _written(part: "AnyPart") -> "AnyPart":
    from recorder.parts import Part

    if part.kind != "file":
        return part
    import pyarrow.compute as pc

    wanted = pc.equal(part.rows.column("action").dictionary_decode(), "written")
    return Part(part.kind, part.hart, part.rows.filter(wanted))
