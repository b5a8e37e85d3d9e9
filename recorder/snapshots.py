"""Snapshots on disk: cached folds of a run, `<run>/snapshots/NNNNNN.arrow` with `NNNNNN.pages`.

The .pages file holds the pages, each compressed on its own, whose content no earlier snapshot has; the
.arrow file the rest of the image, and for every frame in use where its content stands: which snapshot's
.pages file, which page in it. They can be dropped or lost: a reader then folds from further back.
"""

import hashlib
from bisect import bisect_right
from io import RawIOBase
from pathlib import Path

import numpy as np
import pyarrow as pa

from recorder import files
from recorder.run import SnapshotRow
from sim.image import Image, IntArray
from sim.isa.registers import WIDTH
from sim.space import PAGE
from sim.world import FOLD_VERSION

FOLDER = "snapshots"
#: Pages are small, and a seek unpacks thousands: five times as fast as zstd at twice the size.
CODEC = "lz4_raw"
#: Bytes of a page's sha256 that are kept.
HASH = 16
#: Contents remembered for sharing; more would be memory without end.
KEPT_CONTENTS = 1 << 17
#: More than any part of a .pages file has, bytes: 2^20 pages' bounds and hashes.
LARGEST = 1 << 25
#: The .arrow file is one row. Arrays are little-endian int64, row by row; ``snapshots`` and ``rows`` say
#: for each of ``frames`` where its content stands.
SCHEMA = pa.schema(
    {
        "fold_version": pa.int64(),
        "seq": pa.int64(),
        "tick": pa.int64(),
        "tables": pa.large_string(),
        "registers": pa.large_binary(),
        "calls": pa.large_binary(),
        "frames": pa.large_binary(),
        "snapshots": pa.large_binary(),
        "rows": pa.large_binary(),
    }
)
#: What a snapshot that can't be used raises, in `SnapshotReader.image`.
UNUSABLE = (OSError, ValueError, KeyError, IndexError, pa.ArrowException)


class SnapshotWriter:
    """Writes the snapshots of one run, in order. A place is (snapshot number, row in its .pages file)."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._codec = pa.Codec(CODEC)
        self._places: dict[int, tuple[int, int]] = {}
        self._contents: dict[bytes, tuple[int, int]] = {}

    def stage(self, number: int, image: Image) -> SnapshotRow:
        """Write an image under temporary names. ``image.pages`` are those written since the last one."""
        hashes: list[bytes] = []
        packed: list[bytes] = []
        for frame, content in image.pages.items():
            sha = hashlib.sha256(content).digest()[:HASH]
            place = self._contents.get(sha)
            if place is None:
                place = (number, len(packed))
                hashes.append(sha)
                packed.append(self._codec.compress(content, asbytes=True))
                if len(self._contents) >= KEPT_CONTENTS:
                    self._contents.clear()
                self._contents[sha] = place
            self._places[frame] = place
        self._places = {frame: self._places[frame] for frame in image.frames.tolist()}
        data = _encoded(image, self._places)
        pages = _joined(hashes, packed)
        name = f"{FOLDER}/{number:06}.arrow"
        files.stage(self.directory / name, data)
        files.stage((self.directory / name).with_suffix(".pages"), pages)
        return SnapshotRow(
            number,
            image.seq,
            image.tick,
            name,
            len(data) + len(pages),
            image.fold_version,
            hashlib.sha256(data).hexdigest(),
        )

    def publish(self, row: SnapshotRow) -> None:
        """Give the files their names."""
        path = self.directory / row.file
        files.publish([path, path.with_suffix(".pages")])


class SnapshotReader:
    """Reads the snapshots of one run, those of this fold version."""

    def __init__(self, directory: Path, rows: list[SnapshotRow]) -> None:
        self.directory = directory
        self.rows = [row for row in rows if row.fold_version == FOLD_VERSION]

    def image_before(self, seq: int, with_pages: bool = True) -> Image | None:
        """The newest image with ``image.seq <= seq`` that is whole; None if there is none."""
        for row in reversed(self.rows[: bisect_right(self.rows, seq, key=lambda row: row.seq)]):
            try:
                return self.image(row, with_pages)
            except UNUSABLE:
                continue
        return None

    def image(self, row: SnapshotRow, with_pages: bool = True) -> Image:
        """One snapshot, with all pages or none. Raises one of UNUSABLE if a file is missing or isn't as
        written."""
        data = (self.directory / row.file).read_bytes()
        if hashlib.sha256(data).hexdigest() != row.digest:
            raise ValueError(f"{row.file} is not the file that was written")
        with pa.ipc.open_file(data) as file:
            (held,) = file.read_all().to_pylist()
        frames, snapshots, rows = (_array(held[name]) for name in ("frames", "snapshots", "rows"))
        return Image(
            held["fold_version"],
            held["seq"],
            held["tick"],
            held["tables"],
            _array(held["registers"]).reshape(-1, WIDTH),
            _array(held["calls"]).reshape(-1, 4),
            frames,
            self._pages(frames, snapshots, rows) if with_pages else {},
        )

    def _pages(self, frames: IntArray, snapshots: IntArray, rows: IntArray) -> dict[int, bytes]:
        """Frame -> PAGE bytes, opening each .pages file once."""
        pages: dict[int, bytes] = {}
        for number in np.unique(snapshots).tolist():
            here = snapshots == number
            with open(self.directory / FOLDER / f"{number:06}.pages", "rb", buffering=0) as file:
                contents = _contents(file, np.unique(rows[here]).tolist())
            pages |= {f: contents[r] for f, r in zip(frames[here].tolist(), rows[here].tolist(), strict=True)}
        return pages


def _joined(hashes: list[bytes], packed: list[bytes]) -> bytes:
    """A .pages file: the number of pages, where each begins and the last ends (int64), the hashes of their
    contents, the pages."""
    header = 8 * (len(packed) + 2) + HASH * len(packed)
    ends = header + np.cumsum([0, *map(len, packed)])
    return b"".join([np.array([len(packed), *ends], "<i8").tobytes(), *hashes, *packed])


def _contents(file: RawIOBase, rows: list[int]) -> dict[int, bytes]:
    """Some pages of a .pages file. Raises ValueError if one of them is not as it was written."""
    codec = pa.Codec(CODEC)
    count = int(_array(_exactly(file, 8))[0])
    bounds = _array(_exactly(file, 8 * (count + 1))).tolist()
    hashes = _exactly(file, HASH * count)
    contents = {}
    for row in rows:
        file.seek(bounds[row])
        content = codec.decompress(_exactly(file, bounds[row + 1] - bounds[row]), PAGE, asbytes=True)
        if hashlib.sha256(content).digest()[:HASH] != hashes[HASH * row : HASH * (row + 1)]:
            raise ValueError("a page is not as it was written")
        contents[row] = content
    return contents


def _exactly(file: RawIOBase, count: int) -> bytes:
    data = file.read(count) if 0 <= count <= LARGEST else None
    if data is None or len(data) != count:
        raise ValueError("a .pages file is not as it was written")
    return data


def _array(data: bytes) -> IntArray:
    return np.frombuffer(data, "<i8")


def _encoded(image: Image, places: dict[int, tuple[int, int]]) -> pa.Buffer:
    frames = np.array(list(places), "<i8")
    where = np.array(list(places.values()), "<i8").reshape(-1, 2)
    row = {
        "fold_version": image.fold_version,
        "seq": image.seq,
        "tick": image.tick,
        "tables": image.tables,
        "registers": image.registers.astype("<i8").tobytes(),
        "calls": image.calls.astype("<i8").tobytes(),
        "frames": frames.tobytes(),
        "snapshots": where[:, 0].tobytes(),
        "rows": where[:, 1].tobytes(),
    }
    stream = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(stream, SCHEMA, options=options) as writer:
        writer.write_batch(pa.RecordBatch.from_pylist([row], schema=SCHEMA))
    return stream.getvalue()
