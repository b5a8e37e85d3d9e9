"""What a timeline shows: the lanes of a run, before any merging and drawing.

Tables of `replay.analyses` in; `Lane`s, their rows and their keys out. Nothing here knows Plotly.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

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
_MARK = ("start", "finish", "seq", "tid")
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
    a thread exits, by its process and address, to its tid; ``places`` (seq -> source line) is
    filled in before marks are described."""

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
    joined: dict[tuple[int, int], int] = field(default_factory=dict)

    def keys_of(self, rows: pa.Table) -> IntArray:
        """The keys of the colours of rows' threads."""
        tids, place = np.unique(rows["tid"].to_numpy(), return_inverse=True)
        return np.array([FIRST_THREAD + self.position[tid] for tid in tids.tolist()], np.int64)[place]

    def thread(self, tid: int) -> str:
        """``thread 2 worker``, of several processes with the process behind."""
        name = f"thread {tid} {self.names.get(tid, '')}".rstrip()
        return f"{name} (process {self.recording.pids[tid]})" if self.recording.processes.several else name

    def hover(self, title: str, row: Row, *lines: str) -> str:
        """The text of one mark."""
        start, finish, seq = row["start"], row["finish"], row["seq"]
        parts = [
            f"<b>{title}</b>",
            f"ticks {start:,} to {finish:,} ({finish - start:,})",
            *(line for line in (*lines, self.places.get(seq, "")) if line),
            f"simrec replay --at {seq} {self.log.run.id}",
        ]
        return "<br>".join(parts)

    def add(
        self,
        panel: str,
        y: float,
        height: float,
        noun: str,
        rows: pa.Table,
        key: IntArray,
        describe: Callable[[Row], str],
        *,
        hatched: bool = False,
    ) -> None:
        """A lane of marks; ``rows`` has the columns start, finish, seq and tid, and what ``describe`` makes a
        hover text of."""
        start, finish, seq, tid = (rows[name].to_numpy().astype(np.int64) for name in _MARK)

        def text(index: int) -> str:
            return describe(rows.slice(index, 1).to_pylist()[0])

        self.lanes.append(Lane(panel, y, height, noun, start, finish, seq, tid, key, text, hatched))


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
    made.names = thread_names(made.recording, ask(made.connection, "timeline_threads"))
    waited = made.connection.sql("SELECT pid, address, tid FROM thread WHERE action = 'tid_address'")
    made.joined = {(row["pid"], row["address"]): row["tid"] for row in waited.to_arrow_table().to_pylist()}
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
        rows = slices.filter(pc.equal(slices["hart"], hart))

        def describe(row: Row, hart: int = hart) -> str:
            return made.hover(
                f"hart {hart}: {made.thread(row['tid'])}", row,
                f"switched in ({row['reason']}), {row['cost']:,} ticks for the switch",
                f"then {row['left_by']}" if row["left_by"] else "",
            )  # fmt: skip

        made.add("harts", hart, 0.74, "slices", rows, made.keys_of(rows), describe)
        switched = pc.min_element_wise(pc.add(rows["start"], rows["cost"]), rows["finish"])
        switches = _with(rows, finish=switched)
        keys = np.full(rows.num_rows, SWITCH, np.int64)
        made.add("harts", hart, 0.74, "context switches", switches, keys, describe)


def _threads(made: Scene) -> None:
    states = made.connection.sql("SELECT * FROM state ORDER BY tid, seq").to_arrow_table()
    shown = list(made.position)[: MOST_ROWS["threads"]]
    if len(made.position) > len(shown):
        made.left_out.append(
            f"{len(made.position) - len(shown):,} of {len(made.position):,} threads have no row"
        )
    for place, tid in enumerate(shown):
        made.rows["threads"].append(made.thread(tid))
        rows = states.filter(pc.equal(states["tid"], tid))

        def describe(row: Row, tid: int = tid) -> str:
            return made.hover(f"{made.thread(tid)}: {row['state']}", row, _why(made, row))

        keys = _keys_of_states(rows, {"ready": READY, "blocked": BLOCKED}, made.keys_of(rows))
        made.add("threads", place, 0.74, "states", rows, keys, describe)


def _keys_of_states(rows: pa.Table, keys: dict[str, int], running: IntArray) -> IntArray:
    """Those states' keys, and ``running`` for any other state."""
    state = rows["state"]
    for name, key in keys.items():
        running = np.where(pc.equal(state, name).to_numpy(), key, running)
    return running


def _why(made: Scene, row: Row) -> str:
    """Why a thread is in a state: where it runs, what made it ready, what it waits for."""
    if row["state"] == "running":
        return f"on hart {row['hart']}"
    if row["state"] == "ready":
        return f"{row['reason']} by {made.thread(row['by'])}" if row["by"] else str(row["reason"])
    if row["on"] != "futex":
        return f"waits: {row['on']}"
    word = row["pid"], row["address"]
    if word in made.joined:
        return f"waits for {made.thread(made.joined[word])} to exit"
    return f"waits for futex {made.recording.names(row['pid'], row['seq']).address_name(row['address'])}"


def _locks(made: Scene, found: Contention) -> None:
    locks = found.locks.to_pylist()
    shown = locks[: MOST_ROWS["locks"]]
    if len(locks) > len(shown):
        left_out = len(locks) - len(shown)
        made.left_out.append(f"{left_out:,} of {len(locks):,} locks, waited for least, have no row")
    for place, lock in enumerate(shown):
        owner = f" (process {lock['pid']})" if made.recording.processes.several else ""
        made.rows["locks"].append(f"{lock['lock']}{owner}")
        same = [pc.equal(found.intervals[name], lock[name]) for name in ("lock", "pid", "address", "kind")]
        rows = found.intervals.filter(reduce(pc.and_, same))
        _holds(made, place, lock["lock"], rows)
        _waits(made, place, lock["lock"], rows.filter(rows["contended"]), alone=lock["hold_total"] is None)


def thread_names(recording: Recording, called: pa.Table) -> dict[int, str]:
    """A thread's name: the first function that it called of the program's own, else the first of all."""
    names: dict[int, str] = {}
    own: set[int] = set()
    columns = (called[name].to_pylist() for name in ("tid", "target", "seq"))
    for tid, target, seq in zip(*columns, strict=True):
        if tid in own:
            continue
        known = recording.names(recording.pids[tid], seq)
        if known.place(target).own() is not None:
            own.add(tid)
        elif tid in names:
            continue
        names[tid] = known.program.symbol_at(target) or ""
    return names


def _holds(made: Scene, place: int, name: str, rows: pa.Table) -> None:
    """Upper half of the row: who holds the lock."""
    rows = rows.filter(pc.is_valid(rows["hold"])).sort_by("acquired_seq")
    finish = pc.add(rows["acquired_tick"], rows["hold"])
    rows = _with(rows, start=rows["acquired_tick"], finish=finish, seq=rows["acquired_seq"])
    if rows.num_rows:
        # A hold within a hold (a recursive mutex) is part of the outer one.
        ends = np.maximum.accumulate(finish.to_numpy())
        rows = rows.filter(pa.array(np.append(True, finish.to_numpy()[1:] > ends[:-1])))

    def describe(row: Row) -> str:
        where = row["source"] or row["site"]
        return made.hover(
            f"{name} held by {made.thread(row['tid'])}", row, f"taken at {where}, {row['outcome']}"
        )

    made.add("locks", place - 0.22, 0.4, "holds", rows, made.keys_of(rows), describe)


def _waits(made: Scene, place: int, name: str, rows: pa.Table, *, alone: bool) -> None:
    """Lower half, or all of the row where nobody holds: a line for each thread that ever waits."""
    finish = pc.add(rows["requested_tick"], rows["wait"])
    rows = _with(rows, start=rows["requested_tick"], finish=finish, seq=rows["requested_seq"])
    waiters = sorted(set(rows["tid"].to_pylist()))
    room, top = (0.8, -0.4) if alone else (0.4, 0.02)
    for line, tid in enumerate(waiters):
        mine = rows.filter(pc.equal(rows["tid"], tid))

        def describe(row: Row, tid: int = tid) -> str:
            return made.hover(
                f"{made.thread(tid)} waits for {name}", row,
                f"at {row['source'] or row['site']}",
                f"blocked by {made.thread(row['blocker'])}" if row["blocker"] else "",
                "never got it" if "waiting" in row["outcome"] else "",
            )  # fmt: skip

        height = room / len(waiters)
        y = place + top + (line + 0.5) * height
        made.add("locks", y, height * 0.85, "waits", mine, made.keys_of(mine), describe, hatched=True)


def _coroutines(made: Scene) -> None:
    found = ask(made.connection, "timeline_coroutines")
    life_of = ["pid", "frame", "born", "entry"]
    lives = found.group_by(life_of, use_threads=False).aggregate([]).to_pylist()
    shown = lives[: MOST_ROWS["coroutines"]]
    if len(lives) > len(shown):
        made.left_out.append(f"{len(lives) - len(shown):,} of {len(lives):,} coroutines have no row")
    for place, life in enumerate(shown):
        name = made.recording.names(life["pid"], life["born"]).coroutine_name(life["entry"])
        made.rows["coroutines"].append(f"{name} {life['frame']:#x}".strip())
        of_life = [pc.equal(found[key], life[key]) for key in ("pid", "frame", "born")]
        rows = found.filter(reduce(pc.and_, of_life))

        def describe(row: Row, name: str = name) -> str:
            where = f"{row['size']:,} bytes in its frame"
            if row["state"] == "running":
                where = f"on {made.thread(row['tid'])}"
            return made.hover(f"coroutine {name}: {row['state']}", row, where)

        keys = _keys_of_states(rows, {"suspended": SUSPENDED, "finished": FINISHED}, made.keys_of(rows))
        made.add("coroutines", place, 0.7, "coroutine states", rows, keys, describe)


def _with(rows: pa.Table, **columns: pa.ChunkedArray) -> pa.Table:
    """The table with these columns added, or in place of its own."""
    for name, column in columns.items():
        index = rows.schema.get_field_index(name)
        rows = rows.append_column(name, column) if index < 0 else rows.set_column(index, name, column)
    return rows
