"""The console: where the program's output goes as it comes, and its input comes from."""

from typing import BinaryIO, Protocol


class Console(Protocol):
    """File descriptors 0, 1 and 2."""

    def write(self, fd: int, data: bytes) -> None:
        """The program wrote this."""

    def read(self, count: int) -> bytes:
        """At most ``count`` bytes of input; empty at its end. Raises InterruptedError when the wait for
        it was given up, OSError when it can't be read."""


class HostConsole:
    """The host's own standard streams.

    A stream that can't be written (its reader went away, its disk is full) doesn't stop the run, whose
    output is in the log; ``lost`` has the first error of each such stream by file descriptor. While
    ``waiting`` for input, a KeyboardInterrupt gives up the wait.
    """

    def __init__(self, stdin: BinaryIO, stdout: BinaryIO, stderr: BinaryIO) -> None:
        self._in, self._out = stdin, {1: stdout, 2: stderr}
        self.lost: dict[int, OSError] = {}
        self.waiting = False

    def write(self, fd: int, data: bytes) -> None:
        """Write and flush."""
        if fd in self.lost:
            return
        try:
            self._out[fd].write(data)
            self._out[fd].flush()
        except OSError as error:
            self.lost[fd] = error

    def read(self, count: int) -> bytes:
        """What there is of the host's input."""
        try:
            self.waiting = True
            return self._in.read1(count) if hasattr(self._in, "read1") else self._in.read(count)
        except KeyboardInterrupt:
            raise InterruptedError from None
        finally:
            self.waiting = False


class MemoryConsole:
    """Given input, kept output: for tests and for runs that only look at the log."""

    def __init__(self, data: bytes = b"") -> None:
        self._input = data
        self.output: dict[int, bytearray] = {1: bytearray(), 2: bytearray()}

    def write(self, fd: int, data: bytes) -> None:
        """Keep it."""
        self.output[fd] += data

    def read(self, count: int) -> bytes:
        """The next bytes of the given input."""
        data, self._input = self._input[:count], self._input[count:]
        return data
