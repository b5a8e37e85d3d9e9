"""Files: descriptors and what is behind them, what went out and came in, and what the host answered."""

from typing import TYPE_CHECKING, Annotated

from sim.events.vocabulary import I32, I64, Blob, Event, Names, Text, event

if TYPE_CHECKING:
    from sim.world import World


@event("output", 17)
class Output(Event):
    """A thread wrote ``data`` to file descriptor ``fd``."""

    tid: I32
    pid: I32
    fd: I32
    data: Blob

    def fold(self, world: "World") -> None:
        world.write_output(self.fd, self.data)


@event("input", 18)
class Input(Event):
    """``data`` arrived from outside through file descriptor ``fd`` (empty: the end of the file). Recorded,
    so that a replay needs no input; the bytes reach memory by a ``kernel_write``."""

    tid: I32
    pid: I32
    fd: I32
    data: Blob


@event("file", 22)
class File(Event):
    """A descriptor, an open file or a pipe changed.

    ``opened``: ``fd`` refers to the new open file number ``file`` (``form``, ``path``; ``flags`` as those of
    openat; ``pipe``: the number of the pipe that it is an end of, which holds ``count`` bytes).
    ``duplicated``: ``fd`` refers to ``file`` too. ``closed``: ``fd`` is free. ``descriptor``: O_CLOEXEC in
    ``flags`` says whether an execve closes ``fd``. ``status``: the open file's ``flags``. ``moved``: it
    stands at ``position``: a byte, for a directory an entry, for an eventfd its counter. ``written``:
    ``data`` went to the host's file, from ``position`` on. ``filled``: ``data`` went into the ``pipe``;
    ``drained``: ``count`` bytes came out. ``directory``: the process works in ``path``. ``umask``: it is
    ``flags``.
    """

    tid: I32
    pid: I32
    action: Annotated[
        str,
        Names(
            "opened",
            "duplicated",
            "closed",
            "descriptor",
            "status",
            "moved",
            "written",
            "filled",
            "drained",
            "directory",
            "umask",
        ),
    ]
    fd: I32 = -1
    file: I32 = 0
    pipe: I32 = 0
    form: Annotated[str, Names("", "console", "file", "directory", "device", "text", "pipe", "event")] = ""
    flags: I32 = 0
    position: I64 = 0
    count: I64 = 0
    path: Text = ""
    data: Blob = b""

    def fold(self, world: "World") -> None:
        world.file_event(self)


@event("host", 23)
class Host(Event):
    """What the host's file system answered about ``path`` of a mounted directory, the door through which all
    but the bytes of files (`input`) comes in.

    ``result`` is 0 or a negative errno. ``looked_up``: the file's ``mode`` and ``size`` (-1: not even the way
    to it is there); ``data`` is a symbolic link's target. ``listed``: ``data`` are the names in a directory,
    each behind a letter for its form (f, d, l, o) and ended by a zero byte. The others say how a change of
    the file system went, or how opening or reading a file, or the console, failed; ``data`` is a renamed
    file's new path.
    """

    tid: I32
    pid: I32
    action: Annotated[
        str,
        Names(
            "looked_up",
            "listed",
            "opened",
            "read",
            "written",
            "made",
            "removed",
            "renamed",
            "truncated",
            "synced",
        ),
    ]
    path: Text
    result: I32 = 0
    mode: I32 = 0
    size: I64 = 0
    data: Blob = b""
