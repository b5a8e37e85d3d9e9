"""What is committed of a run: its segments and snapshots, read from the catalog's tables into plain rows.

Whoever can change the database can have anything stand there, so nothing is believed to be of its type.
"""

from typing import TYPE_CHECKING, Any

from recorder.errors import BadRow
from recorder.run import Piece, SegmentRow, SnapshotRow

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: What SQLAlchemy raises for values that aren't of their column's type.
UNREADABLE = (ValueError, TypeError, RecursionError)


def segments(connection: "Connection", run: str, first: int) -> list[SegmentRow]:
    """Those of a run from number ``first`` on, in order. Raises BadRow."""
    from sqlalchemy import select

    from recorder.models import Segment

    chosen = select(Segment.__table__).where(Segment.run_id == run, Segment.number >= first)
    found = connection.execute(chosen.order_by(Segment.number))
    try:
        return [_segment_row(dict(row)) for row in found.mappings()]
    except UNREADABLE as error:
        raise BadRow(run, "a segment", str(error)) from None


def snapshots(connection: "Connection", run: str, first: int) -> list[SnapshotRow]:
    """Those of a run from number ``first`` on, in order of seq."""
    from sqlalchemy import select

    from recorder.models import Snapshot

    chosen = select(Snapshot.__table__).where(Snapshot.run_id == run, Snapshot.number >= first)
    found = connection.execute(chosen.order_by(Snapshot.seq))
    made = [SnapshotRow(**_without_run(dict(row))) for row in found.mappings()]
    # The log can do without one that was changed so; an audit misses it.
    return [
        row for row in made if type(row.number) is type(row.seq) is type(row.tick) is type(row.bytes) is int
    ]


def _without_run(row: dict[str, Any]) -> dict[str, Any]:
    del row["run_id"]
    return row


def _segment_row(row: dict[str, Any]) -> SegmentRow:
    """Raises BadRow."""
    try:
        pieces = tuple(Piece(**piece) for piece in row["pieces"])
        made = SegmentRow(**_without_run(row | {"pieces": pieces}))
    except TypeError as error:
        raise BadRow(row["run_id"], f"segment {row['number']}", str(error)) from None
    whole = [made.number, made.first_seq, made.end_seq, made.first_tick, made.end_tick, made.bytes]
    texts = [made.chain, made.digest]
    for piece in pieces:
        whole += [piece.hart, piece.rows, piece.bytes]
        texts += [piece.kind, piece.path, piece.sha256]
    if not all(type(value) is str for value in texts):
        raise BadRow(row["run_id"], f"segment {made.number}", "a text is none")
    if not all(type(value) is int for value in whole) or made.first_seq < 0 or min(whole[5:]) < -1:
        raise BadRow(row["run_id"], f"segment {made.number}", "a number is none, or negative")
    return made
