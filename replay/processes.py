"""Which program each process runs, from which event on.

The run's row and the log's ``process`` and ``host`` events in, `Use`s out: a program that the run began with
belongs to its process from the start, a forked process has its parent's, and what execve brings in was read
just before (a ``host`` event), is what the process ran already, or one of those that the run began with.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recorder.errors import RunDamaged
from recorder.program import sha_of
from recorder.reader import Log
from sim.program import BadProgram, Program
from sim.signals import name_of

IntArray = NDArray[np.int64]
#: Bits that the number of an event takes at most.
SEQ_BITS = 44


@dataclass(frozen=True)
class Use:
    """Process ``pid`` runs a program from event ``seq`` on: the one that process ``initial`` began with (0:
    none), or whose image the ``host`` event ``read`` holds (-1: none). ``name`` is what it is called in the
    guest."""

    pid: int
    seq: int
    name: str
    initial: int = 0
    read: int = -1


@dataclass(frozen=True)
class Loaded:
    """A program, without names if it can't be read any more, and the lines of its sources by file name."""

    program: Program
    lines: dict[str, list[str]]


class Processes:
    """The processes of a log up to event ``last``. ``uses`` are by process, then event; ``forks``: process ->
    (its parent, the event that made it); ``endings``: process -> (the event, exited or signalled, status)."""

    def __init__(self, log: Log, last: int) -> None:
        self._log = log
        self._last = last
        self.forks: dict[int, tuple[int, int]] = {}
        self.endings: dict[int, tuple[int, str, int]] = {}
        self.uses = sorted(self._found(), key=lambda use: (use.pid, use.seq))
        self._loaded: dict[tuple[int, int], Loaded] = {}
        self._by_image: dict[str, Loaded] = {}

    @property
    def pids(self) -> list[int]:
        """All processes that there ever were, ascending."""
        return sorted({use.pid for use in self.uses})

    @property
    def several(self) -> bool:
        """True if there was ever more than one process."""
        return self.uses[0].pid != self.uses[-1].pid

    def told(self, pid: int, seq: int) -> str:
        """``process 2 b.asm, forked by process 1: exited with status 0``, as it was at an event."""
        forked = f", forked by process {self.forks[pid][0]}" if pid in self.forks else ""
        text = f"process {pid} {self.uses[self.use_at(pid, seq)].name}{forked}"
        end, action, status = self.endings.get(pid, (seq + 1, "", 0))
        if end > seq:
            return text
        how = f"exited with status {status}" if action == "exited" else f"ended by {name_of(status)}"
        return f"{text}: {how}"

    def use_at(self, pid: int, seq: int) -> int:
        """The index of what a process ran at an event; that of the first process for one that never was."""
        index = bisect_right(self._starts, (pid << SEQ_BITS) + max(seq, 0)) - 1
        return index if index >= 0 and self.uses[index].pid == pid else 0

    def uses_at(self, pid: IntArray, seq: IntArray) -> IntArray:
        """The same for many."""
        found = np.searchsorted(np.array(self._starts), (pid << SEQ_BITS) + seq, side="right") - 1
        owner = np.array([use.pid for use in self.uses])[found]
        indices: IntArray = np.where(owner == pid, found, 0)
        return indices

    def lineage(self, pid: int, seq: int) -> Iterator[tuple[int, int, int]]:
        """(pid, first event, last event): a process and its ancestors, and when what each did to its memory
        counted for the process's: since it has its program, up to the fork, or to event ``seq``."""
        while pid:
            parent, forked = self.forks.get(pid, (0, -1))
            loaded = (use.seq for use in self.uses if use.pid == pid and forked != use.seq <= seq)
            first = max(loaded, default=0)
            yield pid, first, seq
            if first:
                return
            pid, seq = parent, forked

    def loaded(self, index: int) -> Loaded:
        """The program of a use."""
        use = self.uses[index]
        key = (use.initial, use.read)
        if key not in self._loaded:
            self._loaded[key] = self._load(use)
        return self._loaded[key]

    @cached_property
    def _starts(self) -> list[int]:
        """Process and first event of each use as one number; a process's first use counts from event 0."""
        before = [0, *(use.pid for use in self.uses)]
        return [
            (use.pid << SEQ_BITS) + (use.seq if use.pid == pid else 0)
            for use, pid in zip(self.uses, before, strict=False)
        ]

    def _found(self) -> Iterator[Use]:
        names = [program.path.rpartition("/")[2] for program in self._log.run.programs]
        current = {pid: Use(pid, 0, name, pid) for pid, name in enumerate(names, 1)}
        initial = {f"/{use.name}": use for use in reversed(current.values())}
        yield from current.values()
        for row in self._events("process", ["seq", "tick", "pid", "action", "parent", "status", "name"]):
            pid, seq = row["pid"], row["seq"]
            if row["action"] == "forked":
                self.forks[pid] = (row["parent"], seq)
                current[pid] = replace(current[row["parent"]], pid=pid, seq=seq)
            elif row["action"] == "exec":
                current[pid] = self._exec(row, current[pid], initial)
            else:
                if row["action"] in ("exited", "signalled"):
                    self.endings[pid] = (seq, row["action"], row["status"])
                continue
            yield current[pid]

    def _exec(self, row: dict[str, Any], before: Use, initial: dict[str, Use]) -> Use:
        pid, seq, path = row["pid"], row["seq"], row["name"]
        read = self._reads.get((pid, path, row["tick"]), -1)
        if read >= 0:
            return Use(pid, seq, path, read=read)
        same = before if path == "/" + before.name.lstrip("/") else initial.get(path, Use(pid, seq, path))
        return replace(same, pid=pid, seq=seq, name=path)

    @cached_property
    def _reads(self) -> dict[tuple[int, str, int], int]:
        """(process, path, tick) -> the event that has a whole file, read at that tick."""
        columns = ["seq", "tick", "pid", "action", "path", "result"]
        return {
            (row["pid"], row["path"], row["tick"]): row["seq"]
            for row in self._events("host", columns)
            if row["action"] == "read" and not row["result"]
        }

    def _events(self, kind: str, columns: list[str]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._log.table(kind, last=self._last, columns=columns).to_pylist()
        return rows

    def _load(self, use: Use) -> Loaded:
        if use.initial:
            try:
                image = self._log.image(use.initial)
            except RunDamaged:
                image = b""
            return self._made(use, image, use.initial)
        if use.read < 0:
            return self._made(use, b"", "")
        image = self._log.table("host", use.read, use.read, columns=["data"])["data"][0].as_py()
        sha = sha_of(image)
        if sha not in self._by_image:
            self._by_image[sha] = self._made(use, image, sha)
        return self._by_image[sha]

    def _made(self, use: Use, image: bytes, key: int | str) -> Loaded:
        try:
            flat = bool(self._log.run.options.get("bare"))
            program = Program.from_elf(use.name, image, flat=flat)
        except BadProgram:
            program = Program(use.name, 0, [])
        try:
            sources = self._log.sources(key)
        except RunDamaged:
            sources = {}
        return Loaded(program, {file: text.splitlines() for file, text in sources.items()})
