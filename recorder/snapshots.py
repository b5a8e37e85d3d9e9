"""Snapshots on disk: cached folds of a run, `<run>/snapshots/NNNNNN.arrow` with `NNNNNN.pages`.

The .pages file holds the pages, each compressed on its own, whose content no earlier snapshot has; the
.arrow file the rest of the image, and for every frame in use where its content stands: which snapshot's
.pages file, which page in it. The catalog has the .arrow file's sha256, that file those of the heads of the
.pages files that it needs, and a head those of its pages. Snapshots can be dropped or lost: a reader then
folds from further back.
"""

import hashlib
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from recorder.errors import CHANGED, LeadsOutside
from recorder.onerow import one_row
from recorder.place import Place, looked_at, opened_for_many
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
#: Of an .arrow file, unpacked, bytes: five times what 100,000 threads or a million coroutines take.
LARGEST_SNAPSHOT = 1 << 29
#: The .arrow file is one row. Arrays are little-endian int64, row by row; ``snapshots`` and ``rows`` say
#: for each of ``frames`` where its content stands; ``heads`` are the hashes of the heads of the
#: different ``snapshots``' .pages files in their order, ``pages`` is that of the snapshot's own whole file.
#: Older ones have neither.
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
        "heads": pa.large_binary(),
        "pages": pa.large_binary(),
    }
)
#: What a snapshot that can't be used raises, in `SnapshotReader.image`.
UNUSABLE = (OSError, ValueError, KeyError, IndexError, pa.ArrowException)


@dataclass
class Staged:
    """A snapshot on its way: what its files will hold."""

    row: SnapshotRow
    data: Any
    pages: bytes


class SnapshotWriter:
    """Writes the snapshots of one run, in order. A place is (snapshot number, row in its .pages file)."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._codec = pa.Codec(CODEC)
        self._places: dict[int, tuple[int, int]] = {}
        self._contents: dict[bytes, tuple[int, int]] = {}
        self._heads: dict[int, bytes] = {}

    def stage(self, number: int, image: Image) -> Staged:
        """The files of an image, in order of images. ``image.pages`` are those written since the last one."""
        hashes: list[bytes] = []
        packed: list[bytes] = []
        for frame, content in image.pages.items():
            sha = _hash(content)
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
        head = _head(hashes, packed)
        self._heads[number] = _hash(head)
        pages = b"".join([head, *packed])
        data = _encoded(image, self._places, self._heads, _hash(pages))
        row = SnapshotRow(
            number,
            image.seq,
            image.tick,
            snapshot_file(number),
            len(data) + len(pages),
            image.fold_version,
            hashlib.sha256(data).hexdigest(),
        )
        return Staged(row, data, pages)

    def write(self, staged: Staged) -> None:
        """Stage them."""
        self.place.stage(staged.row.file, staged.data)
        self.place.stage(snapshot_file(staged.row.number, ".pages"), staged.pages)
        staged.data = staged.pages = b""

    def publish(self, row: SnapshotRow) -> None:
        """Give the files their names."""
        self.place.name([row.file, snapshot_file(row.number, ".pages")])


class SnapshotReader:
    """Reads the snapshots of one run, those of this fold version."""

    def __init__(self, place: Place, rows: list[SnapshotRow]) -> None:
        self.place = place
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
        held = self._held(row)
        frames, snapshots, rows = (_array(held[name]) for name in ("frames", "snapshots", "rows"))
        return Image(
            held["fold_version"],
            held["seq"],
            held["tick"],
            held["tables"],
            _array(held["registers"]).reshape(-1, WIDTH),
            _array(held["calls"]).reshape(-1, 4),
            frames,
            self._pages(frames, snapshots, rows, held["heads"]) if with_pages else {},
        )

    def fault(self, row: SnapshotRow) -> str:
        """What is wrong with a snapshot's row, or with one of its two files; "" if nothing."""
        try:
            held = self._held(row)
            pages = self.place.read(snapshot_file(row.number, ".pages"))
            size = self.place.size(row.file) + len(pages)
        except (OSError, LeadsOutside) as error:
            return looked_at(error)
        except UNUSABLE as error:
            return str(error)
        if held["pages"] not in (None, _hash(pages)):
            return f"has a .pages file that {CHANGED}"
        if (row.file, row.bytes) != (snapshot_file(row.number), size):
            return "is another file, or has another size, than its row in the catalog says"
        return ""

    def _held(self, row: SnapshotRow) -> dict[str, Any]:
        """The .arrow file's values."""
        data = self.place.read(row.file)
        if hashlib.sha256(data).hexdigest() != row.digest:
            raise ValueError(CHANGED)
        held = one_row(data, SCHEMA, LARGEST_SNAPSHOT)
        if any(held.get(name) != getattr(row, name) for name in ("fold_version", "seq", "tick")):
            raise ValueError("is of another event than its row in the catalog says")
        return {"heads": b"", "pages": None, **held}

    def _pages(self, frames: IntArray, snapshots: IntArray, rows: IntArray, heads: bytes) -> dict[int, bytes]:
        """Frame -> PAGE bytes, opening each .pages file once."""
        pages: dict[int, bytes] = {}
        for place, number in enumerate(np.unique(snapshots).tolist()):
            here = snapshots == number
            with opened_for_many(self.place, snapshot_file(number, ".pages")) as file:
                pages_file = PagesFile(file, heads[HASH * place : HASH * (place + 1)])
                contents = {row: pages_file.content(row) for row in np.unique(rows[here]).tolist()}
            pages |= {f: contents[r] for f, r in zip(frames[here].tolist(), rows[here].tolist(), strict=True)}
        return pages


class PagesFile:
    """An open .pages file, its head read; ``head`` is the head's hash, b"" if nobody knows it. Raises
    ValueError or an Arrow error where the file is not as it was written."""

    def __init__(self, file: pa.NativeFile, head: bytes) -> None:
        self._codec = pa.Codec(CODEC)
        self._file = file
        self._read_head(head)

    def _read_head(self, head: bytes) -> None:
        counted = self._exactly(8)
        self.count = int(_array(counted)[0])
        bounds, hashes = self._exactly(8 * (self.count + 1)), self._exactly(HASH * self.count)
        if head and _hash(counted + bounds + hashes) != head:
            raise ValueError(CHANGED)
        self._bounds = _array(bounds).tolist()
        self._hashes = [hashes[HASH * row : HASH * (row + 1)] for row in range(self.count)]

    def content(self, row: int) -> bytes:
        """PAGE bytes."""
        if not 0 <= row < self.count:
            raise ValueError(CHANGED)
        self._file.seek(self._bounds[row])
        packed = self._exactly(self._bounds[row + 1] - self._bounds[row])
        content: bytes = self._codec.decompress(packed, PAGE, asbytes=True)
        if _hash(content) != self._hashes[row]:
            raise ValueError(CHANGED)
        return content

    def _exactly(self, count: int) -> bytes:
        data: bytes | None = self._file.read(count) if 0 <= count <= LARGEST else None
        if data is None or len(data) != count:
            raise ValueError(CHANGED)
        return data


def snapshot_file(number: int, suffix: str = ".arrow") -> str:
    """The name of one of a snapshot's two files."""
    return f"{FOLDER}/{number:06}{suffix}"


def _hash(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()[:HASH]


def _head(hashes: list[bytes], packed: list[bytes]) -> bytes:
    """What stands before the pages of a .pages file: their number, where each begins and the last ends
    (int64), the hashes of their contents."""
    size = 8 * (len(packed) + 2) + HASH * len(packed)
    ends = size + np.cumsum([0, *map(len, packed)])
    return b"".join([np.array([len(packed), *ends], "<i8").tobytes(), *hashes])


def _array(data: bytes) -> IntArray:
    return np.frombuffer(data, "<i8")


def _encoded(
    image: Image, places: dict[int, tuple[int, int]], heads: dict[int, bytes], pages: bytes
) -> pa.Buffer:
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
        "heads": b"".join(heads[number] for number in np.unique(where[:, 0]).tolist()),
        "pages": pages,
    }
    stream = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(stream, SCHEMA, options=options) as writer:
        writer.write_batch(pa.RecordBatch.from_pylist([row], schema=SCHEMA))
    return stream.getvalue()
