"""Where processes ever had memory, and which of it was whose stack: what tells a pointer from a number.

``memory_map`` and ``thread`` events in, ranges of addresses out. A forked process has also what its parent
had until then.
"""

from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import pyarrow as pa

from recorder.reader import Log
from sim.isa.registers import SP
from sim.thread import unpack


class Spaces:
    """The address spaces of a log up to event ``last``. ``forks``: process -> (parent, event)."""

    def __init__(self, log: Log, last: int, forks: dict[int, tuple[int, int]]) -> None:
        self._log = log
        self._last = last
        self._forks = forks
        #: True if there was no operating system: all of RAM is mapped, and nothing is anybody's stack.
        self.bare = bool(log.run.options.get("bare"))

    def mapped(self, pid: int) -> list[tuple[int, int]]:
        """[start, end) of all memory that a process ever had, ascending, apart; without an operating system,
        that it ever used."""
        spans: list[tuple[int, int]] = []
        for row in sorted(self._of(self._regions, pid), key=lambda row: int(row["address"])):
            start, end = row["address"], row["address"] + row["length"]
            if spans and start <= spans[-1][1]:
                start, end = spans[-1][0], max(end, spans.pop()[1])
            spans.append((start, end))
        return spans

    def stacks(self, pid: int) -> dict[int, range]:
        """The memory that each thread's stack pointer was in when it began, if it was made to be a stack."""
        if self.bare:
            return {}
        regions = sorted(
            (row["address"], row["address"] + row["length"])
            for row in self._of(self._regions, pid)
            if row["action"] == "mapped" and row["name"] != "heap"
        )
        stacks: dict[int, range] = {}
        for row in self._of(self._threads, pid):
            # The stack grows down: its first word is below the pointer.
            sp = self.first_sp[row["tid"]] - 1
            index = bisect_right(regions, sp, key=lambda region: region[0]) - 1
            if index >= 0 and sp < regions[index][1]:
                stacks[row["tid"]] = range(*regions[index])
        return stacks

    def shared_by(self, pid: int, address: int) -> int | None:
        """The process that mapped what an address is in as memory that forked processes go on sharing: the
        process itself or one that it descends from; None for other memory. What mremap moved isn't known."""
        for row in self._of(self._shared, pid):
            if row["address"] <= address < row["address"] + row["length"]:
                owner: int = row["pid"]
                return owner
        return None

    @property
    def shares(self) -> bool:
        """True if any memory was ever shared."""
        return bool(self._shared)

    @cached_property
    def first_sp(self) -> dict[int, int]:
        """The stack pointer that each thread began with."""
        rows = [row for threads in self._threads.values() for row in threads]
        return {row["tid"]: int(unpack(row["registers"])[SP]) for row in rows}

    def _of(self, rows: dict[int, list[dict[str, Any]]], pid: int) -> Iterator[dict[str, Any]]:
        """A process's rows, then those of its parent from before it was forked, and so on."""
        last = self._last
        while True:
            yield from (row for row in rows.get(pid, ()) if row["seq"] <= last)
            if pid not in self._forks:
                return
            pid, last = self._forks[pid]

    @cached_property
    def _regions(self) -> dict[int, list[dict[str, Any]]]:
        """By process, the events that gave it memory."""
        columns = ["seq", "pid", "action", "address", "length", "permissions", "name"]
        return self._rows("memory_map", columns, ("paged_in",) if self.bare else ("mapped", "grown"))

    @cached_property
    def _shared(self) -> dict[int, list[dict[str, Any]]]:
        """By process, the mappings of shared memory, the last first."""
        found = {
            pid: [row for row in reversed(rows) if row["permissions"].endswith("s")]
            for pid, rows in self._regions.items()
        }
        return {pid: rows for pid, rows in found.items() if rows}

    @cached_property
    def _threads(self) -> dict[int, list[dict[str, Any]]]:
        """By process, the beginnings of its threads."""
        return self._rows("thread", ["seq", "tid", "pid", "action", "registers"], ("created",))

    def _rows(
        self, kind: str, columns: list[str], actions: tuple[str, ...]
    ) -> dict[int, list[dict[str, Any]]]:
        found: dict[int, list[dict[str, Any]]] = {}
        for batch in self._log.batches(kind, last=self._last, columns=columns):
            wanted = pa.compute.is_in(batch["action"], value_set=pa.array(actions))
            for row in batch.filter(wanted).to_pylist():
                found.setdefault(row["pid"], []).append(row)
        return found
