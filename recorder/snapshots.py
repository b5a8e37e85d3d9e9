"""Snapshots on disk: cached folds of a run, `<run>/snapshots/NNNNNN.arrow` with `NNNNNN.pages`.

The .pages file holds the pages, each compressed on its own, whose content no earlier snapshot has; the
.arrow file the rest of the image, and for every frame in use where its content stands: which snapshot's
.pages file, offset, length, hash. They can be dropped or lost: a reader then folds from further back.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from recorder import files
from recorder.run import SnapshotRow
from sim.image import Image
from sim.isa.registers import WIDTH
from sim.space import PAGE
from sim.world import FOLD_VERSION

FOLDER = "snapshots"
#: Bytes of a page's sha256 that are kept.
HASH = 16
#: Contents remembered for sharing; more would be memory without end.
KEPT_CONTENTS = 1 << 17
#: The .arrow file is one row. Arrays are little-endian int64, row by row.
SCHEMA = pa.schema(
    {
        "fold_version": pa.int64(),
        "seq": pa.int64(),
        "tick": pa.int64(),
        "tables": pa.large_string(),
        "registers": pa.large_binary(),
        "calls": pa.large_binary(),
        "frames": pa.large_binary(),
        "places": pa.large_binary(),
        "hashes": pa.large_binary(),
    }
)
#: What a snapshot that can't be used raises, in `SnapshotReader.image`.
UNUSABLE = (OSError, ValueError, KeyError, pa.ArrowException)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page's content stands: bytes [offset, offset + length) of a snapshot's .pages file."""

    snapshot: int
    offset: int
    length: int
    sha: bytes


class SnapshotWriter:
    """Writes the snapshots of one run, in order."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._codec = pa.Codec("zstd", 1)
        self._places: dict[int, Place] = {}
        self._contents: dict[bytes, Place] = {}

    def stage(self, number: int, image: Image) -> SnapshotRow:
        """Write an image under temporary names. ``image.pages`` are those written since the last one."""
        pages = bytearray()
        for frame, content in image.pages.items():
            self._places[frame] = self._place(number, content, pages)
        self._places = {frame: self._places[frame] for frame in image.frames.tolist()}
        data = _encoded(image, list(self._places.values()))
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

    def _place(self, number: int, content: bytes, pages: bytearray) -> Place:
        sha = hashlib.sha256(content).digest()[:HASH]
        place = self._contents.get(sha)
        if place is None:
            packed = self._codec.compress(content, asbytes=True)
            place = Place(number, len(pages), len(packed), sha)
            pages += packed
            if len(self._contents) >= KEPT_CONTENTS:
                self._contents.clear()
            self._contents[sha] = place
        return place


class SnapshotReader:
    """Reads the snapshots of one run, those of this fold version."""

    def __init__(self, directory: Path, rows: list[SnapshotRow]) -> None:
        self.directory = directory
        self.rows = [row for row in rows if row.fold_version == FOLD_VERSION]

    def image_before(self, seq: int) -> Image | None:
        """The newest image with ``image.seq <= seq`` that is whole; None if there is none."""
        for row in reversed(self.rows):
            if row.seq <= seq:
                try:
                    return self.image(row)
                except UNUSABLE:
                    continue
        return None

    def image(self, row: SnapshotRow) -> Image:
        """One snapshot, with all pages. Raises one of UNUSABLE if a file is missing or isn't as written."""
        data = (self.directory / row.file).read_bytes()
        if hashlib.sha256(data).hexdigest() != row.digest:
            raise ValueError(f"{row.file} is not the file that was written")
        with pa.ipc.open_file(data) as file:
            (held,) = file.read_all().to_pylist()
        frames = np.frombuffer(held["frames"], "<i8")
        spans = np.frombuffer(held["places"], "<i8").reshape(-1, 3).tolist()
        hashes = [held["hashes"][i : i + HASH] for i in range(0, len(held["hashes"]), HASH)]
        places = [Place(number, at, size, sha) for (number, at, size), sha in zip(spans, hashes, strict=True)]
        return Image(
            held["fold_version"],
            held["seq"],
            held["tick"],
            held["tables"],
            np.frombuffer(held["registers"], "<i8").reshape(-1, WIDTH),
            np.frombuffer(held["calls"], "<i8").reshape(-1, 4),
            frames,
            self._pages(frames.tolist(), places),
        )

    def _pages(self, frames: list[int], places: list[Place]) -> dict[int, bytes]:
        """Frame -> PAGE bytes, reading each .pages file in one go from front to back."""
        codec = pa.Codec("zstd")
        pages: dict[int, bytes] = {}
        shared: dict[Place, bytes] = {}
        descriptors: dict[int, int] = {}
        try:
            for frame, place in sorted(zip(frames, places, strict=True), key=_position):
                if place.snapshot not in descriptors:
                    path = self.directory / FOLDER / f"{place.snapshot:06}.pages"
                    descriptors[place.snapshot] = os.open(path, os.O_RDONLY)
                if place not in shared:
                    packed = os.pread(descriptors[place.snapshot], place.length, place.offset)
                    shared[place] = _unpacked(codec, packed, place)
                pages[frame] = shared[place]
        finally:
            for descriptor in descriptors.values():
                os.close(descriptor)
        return pages


def _position(item: tuple[int, Place]) -> tuple[int, int]:
    return item[1].snapshot, item[1].offset


def _unpacked(codec: pa.Codec, packed: bytes, place: Place) -> bytes:
    content: bytes = codec.decompress(packed, PAGE, asbytes=True)
    if hashlib.sha256(content).digest()[:HASH] != place.sha:
        raise ValueError(f"a page in {place.snapshot:06}.pages is not as it was written")
    return content


def _encoded(image: Image, places: list[Place]) -> pa.Buffer:
    row = {
        "fold_version": image.fold_version,
        "seq": image.seq,
        "tick": image.tick,
        "tables": image.tables,
        "registers": image.registers.astype("<i8").tobytes(),
        "calls": image.calls.astype("<i8").tobytes(),
        "frames": np.array(image.frames, "<i8").tobytes(),
        "places": np.array([(p.snapshot, p.offset, p.length) for p in places], "<i8").tobytes(),
        "hashes": b"".join(place.sha for place in places),
    }
    stream = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(stream, SCHEMA, options=options) as writer:
        writer.write_batch(pa.RecordBatch.from_pylist([row], schema=SCHEMA))
    return stream.getvalue()
