"""Files as processes see them: descriptors, the open files that they refer to, and pipes.

A process's table maps numbers to descriptors; several descriptors, also of several processes, may refer
to one open file, whose position and flags they share. What a file holds is outside of the state (the log
has what was read and written); what is in a pipe is part of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

#: Bytes that a pipe holds, as Linux gives it; and once there are PIPES of them, as it does, too.
PIPE_SIZE, SMALL_PIPE_SIZE = 1 << 16, 1 << 12
PIPES = 1024

# Flags of open and fcntl (asm-generic/fcntl.h).
O_RDONLY, O_WRONLY, O_RDWR, O_ACCMODE = 0, 1, 2, 3
O_CREAT, O_EXCL, O_NOCTTY, O_TRUNC, O_APPEND, O_NONBLOCK = 0o100, 0o200, 0o400, 0o1000, 0o2000, 0o4000
O_DIRECT, O_LARGEFILE = 0o40000, 0o100000
O_DIRECTORY, O_NOFOLLOW, O_CLOEXEC, O_PATH = 0o200000, 0o400000, 0o2000000, 0o10000000

#: Flags that say how to open, and are no state of an open file.
OPENING = O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC
#: Among the flags of an eventfd: a read takes one off its counter.
EVENT_SEMAPHORE = 1 << 30


@dataclass(slots=True)
class OpenFile:
    """``form``: console, file (of a mount), directory, device, text (made by the kernel), pipe or event
    (an eventfd). ``position``: offset in bytes, entries of a directory that were read, or an eventfd's
    counter. ``pipe``: the number of the pipe that this is an end of; ``holders``: descriptors that refer
    to it."""

    number: int
    form: str
    path: str
    flags: int
    position: int = 0
    pipe: int = 0
    holders: int = 0

    @property
    def readable(self) -> bool:
        """Opened for reading."""
        return self.flags & O_ACCMODE != O_WRONLY and not self.flags & O_PATH

    @property
    def writable(self) -> bool:
        """Opened for writing."""
        return self.flags & O_ACCMODE != O_RDONLY and not self.flags & O_PATH

    @property
    def blocks(self) -> bool:
        """True if calls on it wait."""
        return not self.flags & O_NONBLOCK


@dataclass(slots=True)
class Descriptor:
    """A reference to open file ``file``; ``cloexec``: an execve closes it."""

    file: int
    cloexec: bool = False


class Table(dict[int, Descriptor]):
    """A process's descriptors by number.

    Rule for ``_full``: every number below it is taken.
    """

    _full = 0

    def lowest_free(self, least: int = 0) -> int:
        """The lowest free number from ``least`` on."""
        if least > self._full:
            return next(fd for fd in count(least) if fd not in self)
        while self._full in self:
            self._full += 1
        return self._full

    def take_away(self, fd: int) -> Descriptor | None:
        """The descriptor, which is free from then on."""
        self._full = min(self._full, fd)
        return self.pop(fd, None)


@dataclass(slots=True)
class Pipe:
    """The bytes written and not yet read, of ``size`` that it can hold; how many open files are its ends."""

    size: int = PIPE_SIZE
    data: bytearray = field(default_factory=bytearray)
    readers: int = 0
    writers: int = 0

    @property
    def room(self) -> int:
        """Bytes that it still takes."""
        return self.size - len(self.data)


@dataclass(slots=True)
class Files:
    """All open files and pipes by their numbers, which count up and are never used twice in a run."""

    opened: dict[int, OpenFile] = field(default_factory=dict)
    pipes: dict[int, Pipe] = field(default_factory=dict)
    last: int = 0

    def open(self, made: OpenFile, size: int = 0) -> None:
        """A new open file, that no descriptor refers to yet; an end of a new pipe says its size."""
        self.opened[made.number] = made
        self.last = max(self.last, made.number)
        if made.pipe:
            pipe = self.pipes.setdefault(made.pipe, Pipe(size or PIPE_SIZE))
            pipe.readers += made.readable
            pipe.writers += made.writable

    def refer(self, table: Table, fd: int, number: int, cloexec: bool) -> None:
        """Let ``fd`` refer to an open file, and no longer to what it referred to."""
        self.opened[number].holders += 1
        self.close(table, fd)
        table[fd] = Descriptor(number, cloexec)

    def close(self, table: Table, fd: int) -> None:
        """Take a descriptor away, if there is one; with the last one its open file goes, and with a pipe's
        last end the pipe."""
        descriptor = table.take_away(fd)
        if descriptor is None:
            return
        file = self.opened[descriptor.file]
        file.holders -= 1
        if file.holders:
            return
        del self.opened[file.number]
        if file.pipe:
            pipe = self.pipes[file.pipe]
            pipe.readers -= file.readable
            pipe.writers -= file.writable
            if not pipe.readers and not pipe.writers:
                del self.pipes[file.pipe]


def console() -> Iterator[tuple[str, int]]:
    """(path, flags) of what a first process has as descriptors 0, 1 and 2."""
    yield "/dev/stdin", O_RDONLY
    yield "/dev/stdout", O_WRONLY
    yield "/dev/stderr", O_WRONLY
