"""The signature of a conformance test: the words that it leaves between two symbols, as a file.

The format is the one that RISCOF compares: a line for every ``granularity`` bytes, from the first to the
last, each in hex with its most significant digit first; the last line is padded with zeros.
The words come from the log: a process gives its memory back when it ends, and the state just before that
is still to be had.
"""

import io
from dataclasses import dataclass
from pathlib import Path

from replay.recording import Recording
from sim.errors import UserError

BEGIN, END = "begin_signature", "end_signature"
#: The process whose memory is meant: the one that the run began with.
_FIRST = 1


class NoSignature(UserError):
    """The program has none, or there is no place to put it."""

    exit_status = 2


@dataclass(frozen=True)
class Signature:
    """Goes to ``path``, ``granularity`` bytes a line."""

    path: Path
    granularity: int = 4

    def span(self, program: Path, image: bytes, ram: int) -> tuple[int, int]:
        """[start, end) of the signature in an ELF that the loader can read; ``path`` can be a file. Raises
        NoSignature."""
        start, end = (_symbol(program, image, name) for name in (BEGIN, END))
        if not 0 <= end - start <= ram:
            raise NoSignature(f"{program}: {BEGIN} ({start:#x}) and {END} ({end:#x}) enclose no signature")
        if self.path.is_dir() or not self.path.absolute().parent.is_dir():
            raise NoSignature(f"--signature {self.path}: no file in a directory that is there; name another")
        return start, end

    def write(self, recording: Recording, start: int, end: int) -> None:
        """Write the file from a complete recording. Raises NoSignature."""
        world = recording.state(_end_of(recording))
        data = world.processes[_FIRST].space.read(world, start, end - start)
        size = self.granularity
        lines = (data[at : at + size].ljust(size, b"\0")[::-1].hex() for at in range(0, len(data), size))
        try:
            self.path.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
        except OSError as error:
            raise NoSignature(f"--signature {self.path}: can't be written: {error.strerror}") from None


def _symbol(program: Path, image: bytes, name: str) -> int:
    from elftools.elf.elffile import ELFFile

    table = ELFFile(io.BytesIO(image)).get_section_by_name(".symtab")
    found = table.get_symbol_by_name(name) if table is not None else None
    if not found:
        raise NoSignature(f"{program}: has no symbol {name}; --signature is for tests that mark one")
    address: int = found[0]["st_value"]
    return address


def _end_of(recording: Recording) -> int:
    """The last event at which the process still has its memory."""
    columns = ["seq", "pid", "action"]
    for row in recording.log.table("process", columns=columns).to_pylist():
        if row["pid"] == _FIRST and row["action"] != "created":
            seq: int = row["seq"]
            return seq - 1
    return recording.last_seq
