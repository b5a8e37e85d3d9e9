"""Files as processes see them: descriptors, the open files that they refer to, and pipes.

A process's table maps numbers to descriptors; several descriptors, also of several processes, may refer
to one open file, whose position and flags they share. What a file holds is outside of the state (the log
has what was read and written); what is in a pipe is part of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

#: Descriptors that a process can have: RLIMIT_NOFILE.
MOST_FILES = 1024
#: Bytes that a pipe holds, as Linux gives it.
PIPE_SIZE = 1 << 16

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


@dataclass(slots=True)
class Pipe:
    """The bytes written and not yet read, and how many open files are its ends."""

    data: bytearray = field(default_factory=bytearray)
    readers: int = 0
    writers: int = 0

    @property
    def room(self) -> int:
        """Bytes that it still takes."""
        return PIPE_SIZE - len(self.data)


@dataclass(slots=True)
class Files:
    """All open files and pipes by their numbers, which count up and are never used twice in a run."""

    opened: dict[int, OpenFile] = field(default_factory=dict)
    pipes: dict[int, Pipe] = field(default_factory=dict)
    last: int = 0

    def open(self, made: OpenFile) -> None:
        """A new open file, that no descriptor refers to yet."""
        self.opened[made.number] = made
        self.last = max(self.last, made.number)
        if made.pipe:
            pipe = self.pipes.setdefault(made.pipe, Pipe())
            pipe.readers += made.readable
            pipe.writers += made.writable

    def refer(self, table: dict[int, Descriptor], fd: int, number: int, cloexec: bool) -> None:
        """Let ``fd`` refer to an open file, and no longer to what it referred to."""
        self.opened[number].holders += 1
        self.close(table, fd)
        table[fd] = Descriptor(number, cloexec)

    def close(self, table: dict[int, Descriptor], fd: int) -> None:
        """Take a descriptor away, if there is one; with the last one its open file goes, and with a pipe's
        last end the pipe."""
        descriptor = table.pop(fd, None)
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


def free_descriptor(table: dict[int, Descriptor], least: int = 0) -> int | None:
    """The lowest free number from ``least`` on; None if the table is full."""
    return next((fd for fd in range(least, MOST_FILES) if fd not in table), None)
