"""What a timeline shows: the lanes of a run, before any merging and drawing.

Tables of `replay.analyses` in; `Lane`s, their rows and their keys out. Nothing here knows Plotly.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from recorder.reader import Log
from replay.analyses.contention import Contention, contention
from replay.analyses.stats import prepare
from replay.figures import palette
from replay.figures.marks import IntArray, Lane
from replay.query import ask
from replay.recording import Recording

#: A row of an Arrow table.
Row = dict[str, Any]
PANELS = ("harts", "threads", "locks", "coroutines")
#: Kinds of events that a scene reads.
KINDS = ("instruction", "stack", "context_switch", "thread", "syscall", "futex", "coroutine")
#: Rows drawn in a panel; the busiest are chosen.
MOST_ROWS = {"harts": 64, "threads": 48, "locks": 12, "coroutines": 16}
READY, BLOCKED, SWITCH, SUSPENDED, FINISHED, FIRST_THREAD = range(6)


@dataclass(frozen=True)
class Key:
    """What a mark is coloured by, and its line in the legend."""

    name: str
    colour: str


@dataclass
class Scene:
    """``rows``: the labels of each panel's rows, from the top; a lane's ``y`` counts them. ``left_out`` says
    what has no row. ``position`` numbers the threads by tid; ``joined`` maps the word that is cleared when
    a thread exits to its tid; ``tid_of`` an event to the thread whose source line it shows; ``places`` (seq
    -> text) is filled in before marks are described."""

    log: Log
    recording: Recording
    connection: "duckdb.DuckDBPyConnection"
    keys: list[Key] = field(default_factory=list)
    rows: dict[str, list[str]] = field(default_factory=lambda: {panel: [] for panel in PANELS})
    lanes: list[Lane] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    places: dict[int, str] = field(default_factory=dict)
    position: dict[int, int] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    joined: dict[int, int] = field(default_factory=dict)
    tid_of: dict[int, int] = field(default_factory=dict)

    def key_of(self, tid: int) -> int:
        """The key of a thread's colour."""
        return FIRST_THREAD + self.position[tid]

    def thread(self, tid: int) -> str:
        """``thread 2 worker``."""
        return f"thread {tid} {self.names.get(tid, '')}".rstrip()

    def hover(self, title: str, start: int, finish: int, seq: int, *lines: str) -> str:
        """The text of one mark."""
        where = self.places.get(seq, "")
        parts = [
            f"<b>{title}</b>",
            f"ticks {start:,} to {finish:,} ({finish - start:,})",
            *(line for line in (*lines, where) if line),
            f"simrec replay --at {seq} {self.log.run.id}",
        ]
        return "<br>".join(parts)

    def add(self, lane: Lane, tids: list[int]) -> None:
        """A lane; ``tids`` are the threads whose source lines its hover texts show."""
        if len(lane):
            self.lanes.append(lane)
            self.tid_of.update(zip(lane.seq.tolist(), tids, strict=True))


def scene(log: Log, connection: "duckdb.DuckDBPyConnection") -> Scene:
    """All lanes of a run. ``connection`` has the views of KINDS. Raises RunDamaged."""
    made = Scene(log, Recording(log), connection)
    prepare(connection, log)
    _threads_and_keys(made)
    _harts(made)
    _threads(made)
    _locks(made, contention(log, connection=connection))
    _coroutines(made)
    return made


def _threads_and_keys(made: Scene) -> None:
    found = made.connection.sql(
        "SELECT tid FROM thread WHERE action = 'created' ORDER BY tid"
    ).to_arrow_table()
    made.position = {tid: place for place, tid in enumerate(found["tid"].to_pylist())}
    functions = ask(made.connection, "timeline_threads").to_pylist()
    program = made.recording.program
    made.names = {row["tid"]: program.symbol_at(row["function"]) or "" for row in functions}
    waited = made.connection.sql("SELECT address, tid FROM thread WHERE action = 'tid_address'")
    made.joined = {row["address"]: row["tid"] for row in waited.to_arrow_table().to_pylist()}
    made.keys = [
        Key("ready, waits for a hart", palette.READY),
        Key("blocked", palette.BLOCKED),
        Key("context switch", palette.SWITCH),
        Key("coroutine suspended", palette.SUSPENDED),
        Key("coroutine finished", palette.FINISHED),
        *(Key(made.thread(tid), palette.thread_colour(place)) for place, tid in enumerate(made.position)),
    ]


def _harts(made: Scene) -> None:
    slices = made.connection.sql("SELECT * FROM slice WHERE tid <> 0 ORDER BY hart, seq").to_arrow_table()
    for hart in range(int(made.log.run.options["harts"])):
        made.rows["harts"].append(f"hart {hart}")
        rows = slices.filter(pa.compute.equal(slices["hart"], hart)).to_pylist()
        tids = [row["tid"] for row in rows]

        def describe(index: int, rows: list[Row] = rows, hart: int = hart) -> str:
            row = rows[index]
            return made.hover(
                f"hart {hart}: {made.thread(row['tid'])}", row["start"], row["finish"], row["seq"],
                f"switched in ({row['reason']}), {row['cost']:,} ticks for the switch",
                f"then {row['left_by']}" if row["left_by"] else "",
            )  # fmt: skip

        made.add(
            _lane("harts", hart, 0.74, "slices", rows, [made.key_of(tid) for tid in tids], describe), tids
        )
        switches = [row | {"finish": min(row["start"] + row["cost"], row["finish"])} for row in rows]
        keys = [SWITCH] * len(rows)
        made.add(_lane("harts", hart, 0.74, "context switches", switches, keys, describe), tids)


def _threads(made: Scene) -> None:
    states = made.connection.sql("SELECT * FROM state ORDER BY tid, seq").to_arrow_table()
    shown = list(made.position)[: MOST_ROWS["threads"]]
    if len(made.position) > len(shown):
        made.left_out.append(
            f"{len(made.position) - len(shown):,} of {len(made.position):,} threads have no row"
        )
    for place, tid in enumerate(shown):
        made.rows["threads"].append(made.thread(tid))
        rows = states.filter(pa.compute.equal(states["tid"], tid)).to_pylist()
        colours = {"running": made.key_of(tid), "ready": READY, "blocked": BLOCKED}

        def describe(index: int, rows: list[Row] = rows, tid: int = tid) -> str:
            row = rows[index]
            return made.hover(
                f"{made.thread(tid)}: {row['state']}",
                row["start"],
                row["finish"],
                row["seq"],
                _why(made, row),
            )

        keys = [colours[row["state"]] for row in rows]
        made.add(_lane("threads", place, 0.74, "states", rows, keys, describe), [tid] * len(rows))


def _why(made: Scene, row: Row) -> str:
    """Why a thread is in a state: where it runs, what made it ready, what it waits for."""
    if row["state"] == "running":
        return f"on hart {row['hart']}"
    if row["state"] == "ready":
        return f"{row['reason']} by {made.thread(row['by'])}" if row["by"] else row["reason"]
    if row["on"] != "futex":
        return f"waits: {row['on']}"
    if row["address"] in made.joined:
        return f"waits for {made.thread(made.joined[row['address']])} to exit"
    return f"waits for futex {made.recording.address_name(row['address'])}"


def _locks(made: Scene, found: Contention) -> None:
    locks = found.locks.to_pylist()
    shown = locks[: MOST_ROWS["locks"]]
    if len(locks) > len(shown):
        made.left_out.append(
            f"{len(locks) - len(shown):,} of {len(locks):,} locks, waited for least, have no row"
        )
    intervals = found.intervals
    for place, lock in enumerate(shown):
        made.rows["locks"].append(lock["lock"])
        rows = intervals.filter(pa.compute.equal(intervals["address"], lock["address"])).to_pylist()
        _holds(made, place, lock["lock"], rows)
        _waits(
            made,
            place,
            lock["lock"],
            [row for row in rows if row["contended"]],
            alone=lock["hold_total"] is None,
        )


def _holds(made: Scene, place: int, name: str, rows: list[Row]) -> None:
    """Upper half of the row: who holds the lock."""
    held: list[Row] = []
    until = -1
    for row in sorted((row for row in rows if row["hold"] is not None), key=lambda row: row["acquired_seq"]):
        start, finish = row["acquired_tick"], row["acquired_tick"] + row["hold"]
        # Holds within a hold (a recursive mutex) are part of the outer one.
        if finish > until:
            held.append(row | {"start": max(start, until), "finish": finish, "seq": row["acquired_seq"]})
            until = finish

    def describe(index: int) -> str:
        row = held[index]
        return made.hover(
            f"{name} held by {made.thread(row['tid'])}", row["start"], row["finish"], row["seq"],
            f"taken at {row['source'] or row['site']}, {row['outcome']}",
        )  # fmt: skip

    tids = [row["tid"] for row in held]
    keys = [made.key_of(tid) for tid in tids]
    made.add(_lane("locks", place - 0.22, 0.4, "holds", held, keys, describe), tids)


def _waits(made: Scene, place: int, name: str, rows: list[Row], *, alone: bool) -> None:
    """Lower half, or all of the row where nobody holds: a line for each thread that ever waits."""
    waiters = sorted({row["tid"] for row in rows})
    room, top = (0.8, -0.4) if alone else (0.4, 0.02)
    for line, tid in enumerate(waiters):
        mine = [
            row
            | {
                "start": row["requested_tick"],
                "finish": row["requested_tick"] + row["wait"],
                "seq": row["requested_seq"],
            }
            for row in rows
            if row["tid"] == tid
        ]

        def describe(index: int, mine: list[Row] = mine, tid: int = tid) -> str:
            row = mine[index]
            return made.hover(
                f"{made.thread(tid)} waits for {name}", row["start"], row["finish"], row["seq"],
                f"at {row['source'] or row['site']}",
                f"blocked by {made.thread(row['blocker'])}" if row["blocker"] else "",
                "never got it" if "waiting" in row["outcome"] else "",
            )  # fmt: skip

        height = room / len(waiters)
        lane = _lane(
            "locks", place + top + (line + 0.5) * height, height * 0.85, "waits", mine,
            [made.key_of(tid)] * len(mine), describe,
        )  # fmt: skip
        lane.hatched = True
        made.add(lane, [tid] * len(mine))


def _coroutines(made: Scene) -> None:
    found = ask(made.connection, "timeline_coroutines").to_pylist()
    lives: dict[tuple[int, int], list[Row]] = {}
    for row in found:
        lives.setdefault((row["frame"], row["born"]), []).append(row)
    shown = list(lives.items())[: MOST_ROWS["coroutines"]]
    if len(lives) > len(shown):
        made.left_out.append(f"{len(lives) - len(shown):,} of {len(lives):,} coroutines have no row")
    for place, ((frame, _), rows) in enumerate(shown):
        name = made.recording.place(rows[0]["entry"]).function
        made.rows["coroutines"].append(f"{name} {frame:#x}".strip())
        states = {"suspended": SUSPENDED, "finished": FINISHED}
        keys = [states[row["state"]] if row["state"] in states else made.key_of(row["tid"]) for row in rows]

        def describe(index: int, rows: list[Row] = rows, name: str = name) -> str:
            row = rows[index]
            running = row["state"] == "running"
            return made.hover(
                f"coroutine {name}: {row['state']}", row["start"], row["finish"], row["seq"],
                f"on {made.thread(row['tid'])}" if running else f"{row['size']:,} bytes in its frame",
            )  # fmt: skip

        tids = [row["tid"] for row in rows]
        made.add(_lane("coroutines", place, 0.7, "coroutine states", rows, keys, describe), tids)


def _lane(
    panel: str,
    y: float,
    height: float,
    noun: str,
    rows: list[Row],
    keys: list[int],
    describe: Callable[[int], str],
) -> Lane:
    def column(name: str) -> IntArray:
        return np.array([row[name] for row in rows], np.int64)

    return Lane(
        panel,
        y,
        height,
        noun,
        column("start"),
        column("finish"),
        column("seq"),
        np.array(keys, np.int64),
        describe,
    )
