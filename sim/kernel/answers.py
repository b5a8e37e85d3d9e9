"""What came from outside, from a recording: how a run that was recorded is run again.

All that a program's run doesn't decide itself comes in by the console and the host's files, and whatever they
answer is an event right then. So the answer to what is asked at event ``seq`` is the recorded event of that
number: data flows from the log's ``input``, ``host`` and ``file`` events into the kernel, and nothing of the
host is touched. A run that goes another way than the recorded one asks where nothing is recorded.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sim.events import Event, File, Host, Input
from sim.kernel import errno
from sim.kernel.errno import Failure
from sim.kernel.hostfiles import HostFiles
from sim.kernel.kernel import Kernel
from sim.kernel.stat import S_IFDIR, S_IFLNK, S_IFREG
from sim.kernel.tree import NO_WAY, Mount, Node, Tree

#: Bits of a mode that say who may do what, and those that say what it is.
_PERMISSIONS, _FORM = 0o7777, 0o170000
_FORMS = {S_IFREG: "file", S_IFDIR: "directory", S_IFLNK: "link"}
_LISTED = {"f": "file", "d": "directory", "l": "link"}


class Unanswered(Exception):
    """At event ``seq`` the run asks for what the recorded one didn't."""

    def __init__(self, seq: int) -> None:
        super().__init__(f"the recording has no answer at event {seq}")
        self.seq = seq


class Answers:
    """``events`` are the recorded ones that answer, in order of seq. ``interrupted``: (seq, tick) of the
    run's last event if Ctrl-C ended it, None otherwise."""

    def __init__(self, events: Iterator[Event], interrupted: tuple[int, int] | None) -> None:
        self._events = events
        self._next = next(events, None)
        self.interrupted = interrupted

    def give(self, kernel: Kernel) -> None:
        """Let a kernel that hasn't run yet ask these, and nobody else."""
        asked = _Asked(self, kernel)
        kernel.console = RecordedConsole(asked)
        kernel.host = RecordedFiles(kernel.options.limits.files, asked)
        kernel.tree = RecordedTree(kernel.options.mounts, kernel.tree.programs, kernel.devices.paths, asked)
        if self.interrupted is not None:
            kernel.until = self.interrupted

    def at(self, seq: int) -> Event | None:
        """The answer with this number, None if there is none. Seqs are asked for in order."""
        while self._next is not None and self._next.seq < seq:
            self._next = next(self._events, None)
        return self._next if self._next is not None and self._next.seq == seq else None


class _Asked:
    """The answer to what a kernel asks now."""

    def __init__(self, answers: Answers, kernel: Kernel) -> None:
        self._answers, self._kernel = answers, kernel

    @property
    def seq(self) -> int:
        """The event that the answer will be."""
        return self._kernel.machine.seq

    @property
    def interrupted(self) -> bool:
        """True if Ctrl-C may have ended a wait for input."""
        return self._answers.interrupted is not None

    def event(self) -> Event | None:
        """The recorded event."""
        return self._answers.at(self.seq)

    def host(self, *actions: str) -> Host | None:
        """It, if it is one of these answers of the host's. Raises Failure where that was an error."""
        found = self.event()
        if not isinstance(found, Host) or found.action not in actions:
            return None
        if found.result < 0:
            raise Failure(found.result)
        return found

    def must(self, *actions: str) -> Host:
        """An answer of the host's that has to be there. Raises Failure, Unanswered."""
        found = self.host(*actions)
        if found is None:
            raise Unanswered(self.seq)
        return found


class RecordedConsole:
    """Gives the recorded input (`sim.kernel.console.Console`); what is written goes nowhere."""

    def __init__(self, asked: _Asked) -> None:
        self._asked = asked
        self._seq, self._rest = -1, b""

    def write(self, fd: int, data: bytes) -> None:
        """It is in the log."""

    def read(self, count: int) -> bytes:
        """What came then. One event may have been read in pieces; a read that left none was at the input's
        end, or was interrupted."""
        found = self._asked.event()
        if isinstance(found, Host) and found.action == "read":
            raise OSError
        if not isinstance(found, Input):
            if self._asked.interrupted:
                raise InterruptedError
            return b""
        if found.seq != self._seq:
            self._seq, self._rest = found.seq, found.data
        data, self._rest = self._rest[:count], self._rest[count:]
        return data


class _OnHost(Exception):
    """A way leads over what the host has."""


class RecordedTree(Tree):
    """Says what was found at a path."""

    def __init__(
        self, mounts: tuple[Mount, ...], programs: tuple[str, ...], devices: tuple[str, ...], asked: _Asked
    ) -> None:
        super().__init__(mounts, programs, devices)
        self._asked = asked

    def find(self, directory: str, path: str, executable: str, follow: bool = True) -> Node:
        """The kernel's own files stand where they always do; where the way leads over the host, as it was
        recorded. Raises Failure, Unanswered."""
        try:
            return super().find(directory, path, executable, follow)
        except _OnHost:
            pass
        found = self._asked.event()
        if not isinstance(found, Host) or found.action != "looked_up":
            raise Unanswered(self._asked.seq)
        return self._node(found, executable)

    def on_host(self, path: str, mount: Mount) -> Node:
        """Only the last step is recorded."""
        raise _OnHost

    def _node(self, found: Host, executable: str) -> Node:
        if found.result and (found.result != errno.ENOENT or found.size == NO_WAY):
            raise Failure(found.result)
        mount = self.mount_of(found.path)
        if mount is None or self.is_own(found.path):
            own = self._at(found.path)
            return replace(own, led=True, target=executable if own.form == "link" else "")
        place = mount.source / found.path.removeprefix(mount.target).strip("/")
        if found.result:
            return Node(found.path, "missing", place=place, mount=mount)
        form = _FORMS.get(found.mode & _FORM, "other")
        target = os.fsdecode(found.data)
        return Node(found.path, form, found.mode & _PERMISSIONS, found.size, place, mount, target)


class RecordedFiles(HostFiles):
    """Gives what was read, and how changes went; opens and changes nothing."""

    def __init__(self, most: int, asked: _Asked) -> None:
        super().__init__(most)
        self._asked = asked

    def open(self, number: int, place: Path, flags: int, mode: int) -> None:
        """Only its failure left an answer."""
        self._asked.host("opened")

    def size(self, number: int) -> tuple[int, int]:
        """(permission bits, bytes) of an open file."""
        found = self._asked.must("looked_up")
        return found.mode & _PERMISSIONS, found.size

    def read(self, number: int, count: int, position: int) -> bytes:
        """What was read."""
        found = self._asked.event()
        return (found.data if isinstance(found, Input) else self._asked.must("read").data)[:count]

    def write(self, number: int, data: bytes, position: int) -> int:
        """How many of the bytes were written."""
        found = self._asked.event()
        if isinstance(found, File) and found.action == "written":
            return min(len(found.data), len(data))
        return self._asked.must("written").size

    def truncate(self, number: int, size: int) -> None:
        """How it went."""
        self._asked.must("truncated")

    def sync(self, number: int) -> None:
        """How it went."""
        self._asked.must("synced")

    def names(self, place: Path) -> list[tuple[str, str]]:
        """(name, form) of a directory's entries."""
        texts = [os.fsdecode(each) for each in self._asked.must("listed").data.split(b"\0")[:-1]]
        return [(text[1:], _LISTED.get(text[:1], "other")) for text in texts]

    def read_whole(self, place: Path, most: int) -> bytes:
        """The file."""
        return self._asked.must("read").data

    def make_directory(self, place: Path, mode: int) -> None:
        """How it went."""
        self._asked.must("made")

    def remove(self, place: Path, directory: bool) -> None:
        """How it went."""
        self._asked.must("removed")

    def rename(self, source: Path, target: Path) -> None:
        """How it went."""
        self._asked.must("renamed")

    def truncate_at(self, place: Path, size: int) -> None:
        """How it went."""
        self._asked.must("truncated")
