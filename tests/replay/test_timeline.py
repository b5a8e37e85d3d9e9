"""The timeline: which marks there are, how they are merged, and what a browser draws of it."""

import re
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsers import needs_a_browser, rendered

from replay.analyses.contention import contention
from replay.figures.marks import Lane, merge
from replay.figures.panels import BadRange
from replay.figures.timeline import BUDGET, timeline, write_timeline
from replay.recording import NoSuchEvent


def bars(figure: Any, panel: str, noun: str) -> list[tuple[float, int, int, str]]:
    """(row, start, finish, colour) of every mark of a panel."""
    return [
        (y, base, base + x, trace.marker.color)
        for trace in figure.data
        if trace.type == "bar" and trace.meta == f"{panel}:{noun}"
        for y, base, x in zip(trace.y, trace.base, trace.x, strict=True)
    ]


def test_hart_lanes_are_the_context_switches(example: Any) -> None:
    log = example("producer_consumer").recording.log
    found = sorted(
        (int(y), start, finish) for y, start, finish, _ in bars(timeline(log).figure, "harts", "slices")
    )
    expected = []
    switches = log.table("context_switch").to_pylist()
    for hart in (0, 1):
        mine = [row for row in switches if row["hart"] == hart]
        ends = [*(row["tick"] for row in mine[1:]), log.last_tick]
        expected += [
            (hart, row["tick"], end)
            for row, end in zip(mine, ends, strict=True)
            if row["next"] and end > row["tick"]
        ]
    assert found == sorted(expected)


def test_thread_lanes_are_whole(example: Any) -> None:
    """A thread is always in one state, from its creation to its exit."""
    log = example("producer_consumer").recording.log
    rows: dict[float, list[tuple[int, int]]] = defaultdict(list)
    for y, start, finish, _ in bars(timeline(log).figure, "threads", "states"):
        rows[y].append((start, finish))
    threads = log.table("thread").to_pylist()
    for place, tid in enumerate((1, 2, 3, 4, 5)):
        spans = sorted(rows[place])
        assert all(before[1] == after[0] for before, after in pairwise(spans))
        born, died = (
            next(row["tick"] for row in threads if (row["tid"], row["action"]) == (tid, action))
            for action in ("created", "exited")
        )
        assert (spans[0][0], spans[-1][1]) == (born, died)


def test_a_thread_has_one_colour_everywhere(example: Any) -> None:
    figure = timeline(example("counter_mutex").recording.log).figure
    colours = defaultdict(set)
    for trace in figure.data:
        if trace.type == "bar" and trace.name.startswith("thread "):
            colours[trace.name].add(trace.marker.color)
    assert len(colours) == 5
    assert all(len(found) == 1 for found in colours.values())
    assert len({next(iter(found)) for found in colours.values()}) == 5


def test_the_legend_has_no_duplicates(example: Any) -> None:
    figure = timeline(example("counter_mutex").recording.log).figure
    shown = [trace.name for trace in figure.data if trace.showlegend]
    assert len(shown) == len(set(shown))
    assert {"thread 1 main", "blocked", "context switch", "waits for a lock"} <= set(shown)


def test_a_coroutine_has_a_lane(example: Any) -> None:
    figure = timeline(example("generator").recording.log).figure
    found = bars(figure, "coroutines", "coroutine states")
    # Created, then ten squares: resumed eleven times and saved ten times, then finished.
    assert len(found) == 1 + 11 + 10 + 1


def test_hover_texts_say_where_and_how_to_go_there(example: Any) -> None:
    log = example("counter_mutex").recording.log
    texts = [text for trace in timeline(log).figure.data if trace.type == "bar" for text in trace.hovertext]
    assert all(re.search(rf"simrec replay --at \d+ {log.run.id}", text) for text in texts)
    joined = "\n".join(texts)
    for words in (
        "waits for counter_lock",
        "blocked by thread",
        "counter_lock held by thread",
        "waits for futex counter_lock",
        "to exit",
        "switched in (preempted), 100 ticks for the switch",
        "counter_mutex.asm:",
    ):
        assert words in joined


def test_what_is_merged_is_said(example: Any) -> None:
    made = timeline(example("counter_mutex").recording.log)
    drawn = sum(len(trace.x) for trace in made.figure.data if trace.type == "bar")
    assert drawn == made.marks <= BUDGET
    assert made.merged > 0
    holds, waits = re.search(r"([\d,]+) holds, ([\d,]+) waits merged", made.figure.layout.title.text).groups()
    assert int(holds.replace(",", "")) + int(waits.replace(",", "")) == made.merged
    assert "--from and --to" in made.figure.layout.title.text
    assert any("merged into their neighbours" in note for note in made.notes)


def test_a_narrower_range_needs_no_merging(example: Any) -> None:
    log = example("counter_mutex").recording.log
    made = timeline(log, 30_000, 40_000)
    assert made.merged == 0
    assert made.notes == ()
    assert "events 30,000 to 40,000" in made.figure.layout.title.text
    low, high = made.figure.layout.xaxis.range
    assert low == next(row for row in ticks(log, 30_000))
    assert high == next(row for row in ticks(log, 40_000))
    for trace in made.figure.data:
        if trace.type == "bar":
            assert all(low <= base and base + x <= high for base, x in zip(trace.base, trace.x, strict=True))


def ticks(log: Any, seq: int) -> list[int]:
    return [row["tick"] for kind in log.kinds() for row in log.table(kind, seq, seq).to_pylist()]


def test_throughput_adds_up_to_the_instructions(example: Any) -> None:
    log = example("producer_consumer").recording.log
    curve = next(trace for trace in timeline(log).figure.data if trace.meta == "throughput")
    step = curve.x[1] - curve.x[0]
    assert round(sum(curve.y) * step) == log.kinds()["instruction"]


def test_the_run_queue_is_the_number_of_ready_threads(example: Any) -> None:
    log = example("producer_consumer").recording.log
    figure = timeline(log).figure
    curve = next(trace for trace in figure.data if trace.meta == "run queue")
    area = sum(
        level * (after - before) for level, before, after in zip(curve.y, curve.x, curve.x[1:], strict=False)
    )
    ready = [trace for trace in figure.data if trace.type == "bar" and trace.name.startswith("ready")]
    assert area == sum(sum(trace.x) for trace in ready)


@pytest.mark.parametrize(
    ("first", "last", "error"), [(9, 5, BadRange), (0, 10**9, NoSuchEvent), (0, 1, BadRange)]
)
def test_bad_ranges(example: Any, first: int, last: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        timeline(example("generator").recording.log, first, last)


def lane(starts: list[int], finishes: list[int], keys: list[int] | None = None) -> Lane:
    start, finish = np.array(starts, np.int64), np.array(finishes, np.int64)
    key = np.array(keys if keys is not None else [0] * len(starts), np.int64)
    return Lane("harts", 0, 1, "marks", start, finish, start, start, key, str)


def test_merging_keeps_lanes_that_fit() -> None:
    few, many = lane([0, 100], [50, 200]), lane(list(range(0, 4000, 4)), list(range(3, 4003, 4)))
    small, large = merge([few, many], 100)
    assert small.count.tolist() == [1, 1]
    assert len(small) + len(large) <= 100
    assert int(large.count.sum()) == 1000
    assert (large.start[0], large.finish[-1]) == (0, 3999)
    assert large.cover == pytest.approx(0.75, abs=0.05)


def test_merging_spares_long_marks() -> None:
    starts = [*range(0, 1000, 10), 1000, *range(5000, 6000, 10)]
    made = merge([lane(starts, [s + (4000 if s == 1000 else 5) for s in starts])], 20)[0]
    assert len(made) <= 20
    assert made.count[made.finish - made.start == 4000].tolist() == [1]


def test_a_merged_mark_has_the_colour_of_most_of_its_ticks() -> None:
    made = merge([lane([0, 10, 20, 30], [2, 18, 22, 32], [7, 8, 7, 7])], 1)[0]
    assert made.key.tolist() == [8]
    assert made.count.tolist() == [4]
    assert made.cover.tolist() == [14 / 32]


def test_command(example: Any, simrec: Callable[..., Any], tmp_path: Path) -> None:
    page = tmp_path / "t.html"
    shown = simrec(example("counter_mutex"), "timeline", "-o", str(page))
    assert shown.exit_code == 0
    assert str(page) in shown.stdout
    assert "merged" in shown.stderr
    text = page.read_text()
    assert text.startswith("<!doctype html>")
    assert "<title>counter_mutex.asm" in text
    # Nothing is loaded from elsewhere.
    assert not re.search(r'<(script|link|img)[^>]*(src|href)="?http', text)


def test_command_that_cannot_write(example: Any, simrec: Callable[..., Any], tmp_path: Path) -> None:
    shown = simrec(example("generator"), "timeline", "-o", str(tmp_path / "no" / "t.html"))
    assert shown.exit_code != 0
    assert "name another file with -o" in shown.stderr


#: A bar: M left,top V bottom H right V top Z, in any order of corners.
PATH = re.compile(r'<path d="M([\d.]+),([\d.]+)V([\d.]+)H([\d.]+)V')


def drawn_rows(dom: str) -> dict[int, set[int]]:
    """Panel -> vertical middles of the bars in it that have a size."""
    rows: dict[int, set[int]] = {}
    layers = (part for part in dom.split('class="barlayer mlayer"')[1:] if PATH.search(part))
    for panel, layer in enumerate(layers):
        for left, top, bottom, right in PATH.findall(layer):
            if abs(float(right) - float(left)) > 0 and abs(float(bottom) - float(top)) > 2:
                rows.setdefault(panel, set()).add(round((float(top) + float(bottom)) / 2))
    return rows


@needs_a_browser
def test_a_browser_draws_every_lane(example: Any, tmp_path: Path) -> None:
    page = tmp_path / "timeline.html"
    log = example("producer_consumer").recording.log
    write_timeline(log, page)
    dom = rendered(page, tmp_path)
    rows = drawn_rows(dom)
    assert len(rows[0]) == 2, "harts"
    assert len(rows[1]) == 5, "threads"
    # A row for the mutex's holds, and one for each thread that waited for a lock.
    blockers = contention(log).blockers.to_pylist()
    assert len(rows[2]) == 1 + len({(row["lock"], row["waiter"]) for row in blockers})
    for label in (
        *("hart 0", "hart 1", "thread 1 main", "thread 2 producer", "thread 5 consumer"),
        *("free_slots", "filled_slots", "buffer_lock", "waits for a lock", "context switch", "tick"),
    ):
        assert re.search(rf"<text[^>]*>(<[^>]*>)*{re.escape(label)}<", dom), label
    curves = re.findall(r'class="js-line" d="(M[^"]*)"|<path class="js-line"[^>]* d="(M[^"]*)"', dom)
    assert len(curves) == 2, "run queue and throughput"
    assert 'data-title="Share' not in dom, "a recording is not for uploading"


@needs_a_browser
def test_a_browser_draws_coroutines(example: Any, tmp_path: Path) -> None:
    page = tmp_path / "timeline.html"
    write_timeline(example("generator").recording.log, page)
    dom = rendered(page, tmp_path)
    # Harts (one of two has work), the thread, malloc's lock, the coroutine.
    assert [len(found) for found in drawn_rows(dom).values()] == [1, 1, 1, 1]
    assert re.search(r"squares 0x[0-9a-f]+<", dom)
