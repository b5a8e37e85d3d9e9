"""Upcasters: from the events of an older version to today's, batch to batch, when a log is read.

A recorded event never changes. When `sim.events.VERSION` becomes 2, `upcast_v1_v2(kind, table)` joins
the chain under 1: it gets a kind's rows as version 1 recorded them and returns those of version 2.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from recorder.errors import NewerLog
from sim.events import VERSION

if TYPE_CHECKING:
    import pyarrow as pa

Upcaster = Callable[[str, "pa.Table"], "pa.Table"]

#: Version -> what brings its rows to the next version.
CHAIN: dict[int, Upcaster] = {}


def upcaster(
    run: str, version: int, current: int = VERSION, chain: Mapping[int, Upcaster] = CHAIN
) -> Upcaster | None:
    """What brings the rows of a run with events of ``version`` to ``current``; None if nothing has to be
    done. Raises NewerLog."""
    if version > current:
        raise NewerLog(run, version, current)
    steps = [chain[step] for step in range(version, current)]
    if not steps:
        return None

    def upcast(kind: str, table: "pa.Table") -> "pa.Table":
        for step in steps:
            table = step(kind, table)
        return table

    return upcast
