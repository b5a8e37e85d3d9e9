"""Upcasters: from the events of an older version to today's, batch to batch, when a log is read.

A recorded event never changes, and no file of a run is rewritten. Each `Step` of CHAIN says what a version
of the vocabulary (`sim.events.VERSION`) changed: which kinds of rows, which columns they gained, which
options came. All else is as it was: kinds that are new have no rows in older logs, and new names stand
behind the old ones of their column. A run's digest stands for the columns that were recorded.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from recorder.errors import NewerLog
from recorder.schema import columns
from sim.events import VERSION, Column

if TYPE_CHECKING:
    import pyarrow as pa

#: What a futex's wait and wake mean that name no bits.
ANY_BIT = 0xFFFF_FFFF


@dataclass(frozen=True)
class Step:
    """From one version to the next. ``gained``: the columns that each changed kind has more, none where only
    values change. ``rows`` gets all columns of one of these kinds and returns those of the next version.
    ``options`` are those that a run couldn't have before, at the values that it behaved as."""

    gained: Mapping[str, Collection[str]]
    rows: Callable[[str, "pa.Table"], "pa.Table"]
    options: Mapping[str, Any] = field(default_factory=dict)


#: Kind -> column -> what it would have been in every event of version 1.
COLUMNS_V2: dict[str, dict[str, int]] = {
    "coroutine": {"function": 0},
    "futex": {"bitset": ANY_BIT, "target": 0},
    "run": {},
}
OPTIONS_V2 = {
    "bare": False,
    "place": -1,
    "pc": -1,
    "sp": 0,
    "abi": "linux",
    "attributes": [],
    "defines": [],
    "environment": [],
    "mounts": [],
    "io_depth": 4,
    "requests": "",
    "limits": {
        "threads": 4096,
        "processes": 1024,
        "files": 1024,
        "open_files": 65536,
        "regions": 65530,
        "mappings": 2_000_000,
        "signals": 4096,
    },
    "costs": {
        "address_space_switch": 30,
        "page_copy": 100,
        "process_create": 5000,
        "page_share": 5,
        "float_short": 2,
        "float_single": 3,
        "float_double": 4,
        "float_divide_single": 26,
        "float_divide_double": 55,
        "io": 2250,
    },
}


def upcast_v1_v2(kind: str, table: "pa.Table") -> "pa.Table":
    """New columns are constant; a ``run`` event tells of the new options too."""
    import pyarrow as pa

    for name, value in COLUMNS_V2[kind].items():
        table = table.append_column(name, pa.repeat(value, len(table)))
    if kind == "run":
        texts = [text and _filled_text(text) for text in table["options"].to_pylist()]
        table = table.set_column(table.column_names.index("options"), "options", pa.array(texts, pa.string()))
    return table


def _filled_text(options: str) -> str:
    return json.dumps(_filled(json.loads(options), OPTIONS_V2), separators=(",", ":"), sort_keys=True)


def _filled(options: dict[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """With defaults for what isn't there, also among the costs."""
    costs = {**defaults.get("costs", {}), **options.get("costs", {})}
    return {**defaults, **options} | ({"costs": costs} if costs else {})


#: Version -> what brings its logs to the next version.
CHAIN: dict[int, Step] = {1: Step(COLUMNS_V2, upcast_v1_v2, OPTIONS_V2)}


@dataclass(frozen=True)
class Upcaster:
    """What brings a run's rows to today's version: steps, oldest first; none for a run of today."""

    steps: Sequence[Step]

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The kinds whose rows change."""
        return frozenset(kind for step in self.steps for kind in step.gained)

    def gained(self, kind: str) -> frozenset[str]:
        """The columns of ``kind`` that weren't recorded."""
        return frozenset(name for step in self.steps for name in step.gained.get(kind, ()))

    def rows(self, kind: str, table: "pa.Table") -> "pa.Table":
        """Rows as they would be recorded today; ``table`` has all columns that were."""
        for step in self.steps:
            if kind in step.gained:
                table = step.rows(kind, table)
        return table


def upcaster(run: str, version: int, current: int = VERSION, chain: Mapping[int, Step] = CHAIN) -> Upcaster:
    """For a run with events of ``version``. Raises NewerLog."""
    if not 1 <= version <= current:
        raise NewerLog(run, version, current)
    return Upcaster([chain[step] for step in range(version, current)])


def recorded_columns(kind: str, version: int) -> tuple[Column, ...]:
    """The columns that a kind of event, or the code table, has in logs of ``version``."""
    gained = upcaster("", version).gained(kind)
    return tuple(column for column in columns(kind) if column.name not in gained)


def options_today(version: int, recorded: dict[str, Any]) -> dict[str, Any]:
    """A run's options, with those that ``version`` didn't have; as recorded if it is newer than this code."""
    for step in range(max(version, 1), VERSION):
        recorded = _filled(recorded, CHAIN[step].options)
    return recorded
