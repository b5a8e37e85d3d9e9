"""Marks of a timeline and how they are merged when there are too many to draw.

A lane is a row of marks in order of time; each mark has a start and a finish in ticks, the event that
began it, and a key (what it is coloured by). Lanes in, fewer marks out: short neighbours become one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


@dataclass
class Lane:
    """A row of marks that don't overlap, by start. ``tid`` are the threads that they are
    about, ``key`` indices into the timeline's keys.

    It is drawn in ``panel`` around the vertical position ``y`` with this ``height`` (1: from one row's
    middle to the next). ``noun`` says what its marks are, in the plural. ``describe`` gives the hover text
    of the mark with a given index.
    """

    panel: str
    y: float
    height: float
    noun: str
    start: IntArray
    finish: IntArray
    seq: IntArray
    tid: IntArray
    key: IntArray
    describe: Callable[[int], str] = field(repr=False)
    hatched: bool = False

    def __len__(self) -> int:
        return len(self.start)

    def clipped(self, low: int, high: int) -> "Lane":
        """The marks that last some time within [low, high], cut off at its ends."""
        start, finish = np.maximum(self.start, low), np.minimum(self.finish, high)
        kept = np.flatnonzero(finish > start)
        describe = self.describe
        return Lane(
            self.panel,
            self.y,
            self.height,
            self.noun,
            start[kept],
            finish[kept],
            self.seq[kept],
            self.tid[kept],
            self.key[kept],
            lambda index: describe(int(kept[index])),
            self.hatched,
        )


@dataclass
class Drawn:
    """What is drawn of a lane: arrays of equal length. ``count`` marks stand behind each, ``first`` is the
    index of the first of them; ``cover`` is the part of its span that they cover; ``key`` is the one with
    the most ticks."""

    lane: Lane
    start: IntArray
    finish: IntArray
    key: IntArray
    first: IntArray
    count: IntArray
    cover: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.start)


def merge(lanes: Sequence[Lane], budget: int) -> list[Drawn]:
    """At most ``budget`` marks (but one for each lane that has any). Lanes with few marks keep them all:
    the others share what is left."""
    cap = _fair_share([len(lane) for lane in lanes], budget)
    return [_merged(lane, cap) for lane in lanes if len(lane)]


def _fair_share(counts: Sequence[int], budget: int) -> int:
    """The largest cap for which the lanes together stay within the budget."""
    left, lanes = budget, len(counts)
    for count in sorted(counts):
        if count * lanes > left:
            return max(1, left // lanes)
        left, lanes = left - count, lanes - 1
    return max(counts, default=1)


def _merged(lane: Lane, cap: int) -> Drawn:
    """Marks shorter than a step, that begin in the same step, become one; the step is the least power of
    two that leaves no more than ``cap`` marks."""
    group = np.arange(len(lane))
    step = 1
    while len(lane) and int(group[-1]) + 1 > cap:
        step *= 2
        group = _groups(lane, step)
    first = np.flatnonzero(np.diff(group, prepend=-1))
    start = lane.start[first]
    finish = np.maximum.reduceat(lane.finish, first)
    ticks = lane.finish - lane.start
    cover = np.add.reduceat(ticks, first) / np.maximum(finish - start, 1)
    count = np.diff(np.append(first, len(lane)))
    return Drawn(lane, start, finish, _dominant(lane, group, ticks), first, count, np.minimum(cover, 1.0))


def _groups(lane: Lane, step: int) -> IntArray:
    """For each mark the number of the group that it is in."""
    short = lane.finish - lane.start < step
    same_step = np.diff(lane.start // step, prepend=-1) == 0
    joins = short & same_step
    joins[1:] &= short[:-1]
    joins[0] = False
    groups: IntArray = np.cumsum(~joins) - 1
    return groups


def _dominant(lane: Lane, group: IntArray, ticks: IntArray) -> IntArray:
    """The key with the most ticks in each group."""
    keys, place = np.unique(lane.key, return_inverse=True)
    weight = np.zeros((int(group[-1]) + 1, len(keys)), np.int64)
    np.add.at(weight, (group, place), ticks)
    dominant: IntArray = keys[weight.argmax(axis=1)]
    return dominant


def peaks(ticks: IntArray, levels: IntArray, low: int, high: int, step: int) -> tuple[IntArray, IntArray]:
    """A curve of steps, with one value for each ``step`` of [low, high): the greatest within it."""
    edges = np.arange(low, high, step)
    present = np.searchsorted(ticks, edges, side="right") - 1
    peak = np.where(present >= 0, levels[np.maximum(present, 0)], 0)
    inside = (ticks >= low) & (ticks < high)
    np.maximum.at(peak, (ticks[inside] - low) // step, levels[inside])
    return edges, peak
