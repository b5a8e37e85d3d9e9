"""Archives that somebody crafted: nothing of them gets in, and nothing outside of the home is touched."""

import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import stat
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import HARTS, OPTIONS, PROGRAM, code_row, examples, numbered, put, record, steps

from recorder.archive.admit import admit
from recorder.archive.pack import pack
from recorder.audit import audit
from recorder.catalog import Catalog
from recorder.errors import BadArchive, LogError, NewerArchive, NewerLog, NotKept
from recorder.export import Export
from recorder.leftovers import lost_directories
from recorder.newrun import being_filled
from recorder.recorder import Recorder
from recorder.reseal import resealed
from recorder.rows import Progress, Rows
from recorder.run import SegmentRow
from sim.events import KernelWrite, Process
from sim.machine.buffers import Buffers
from sim.world import World

Change = Callable[[Any], None]


@pytest.fixture
def good(catalog: Catalog, tmp_path: Path) -> Path:
    """An archive as a directory, of a run that is not in the catalog any more."""
    run = record(catalog, steps(30), cuts=[10, 20], name="toy")
    Export(catalog, run).to_archive(tmp_path / "good")
    catalog.remove(run)
    return tmp_path / "good"


def refused(catalog: Catalog, path: Path, told: str, kind: type[LogError] = BadArchive) -> None:
    with pytest.raises(kind, match=told) as refusal:
        admit(catalog, path)
    assert "\n" not in str(refusal.value)
    nothing_came(catalog)


def nothing_came(catalog: Catalog) -> None:
    assert catalog.runs() == []
    assert [*catalog.home.glob("runs/*")] == []


def change(path: Path, what: Change) -> None:
    """Change the manifest."""
    manifest = json.loads((path / "manifest.json").read_text())
    what(manifest)
    (path / "manifest.json").write_text(json.dumps(manifest))


def setting(*where: Any) -> Change:
    """Sets the value at a path to the path's last part."""

    def what(manifest: Any) -> None:
        *path, name, value = where
        for step in path:
            manifest = manifest[step]
        manifest[name] = value

    return what


def dropping(*where: Any) -> Change:
    def what(manifest: Any) -> None:
        *path, name = where
        for step in path:
            manifest = manifest[step]
        del manifest[name]

    return what


CHANGES: list[tuple[Change, str]] = [
    (setting("format", "tar"), "format should be one of simrec archive"),
    (setting("format_version", 0), "format_version should be a whole number from 1"),
    (setting("format_version", True), "format_version should be a whole number"),
    (dropping("run"), "manifest.json has no run"),
    (setting("run", []), "run is no object"),
    (setting("run", "secret", 1), "run has 'secret', which nobody knows"),
    (setting("run", "id", "../../../../etc"), "run: id should be 8 hex digits"),
    (setting("run", "id", "0123456\n"), "run: id should be 8 hex digits"),
    (setting("run", "name", "\x1b[2J"), "run: name should be a line of at most 4096 printable characters"),
    (setting("run", "name", "n" * 5000), "run: name should be a line"),
    (setting("run", "programs", []), "run: programs should be a list of 1 or more"),
    (setting("run", "programs", 0, "path", 7), r"run programs\[0\]: path should be a line"),
    (setting("run", "programs", 0, "sha", "0" * 64), "program/image.elf has another sha256 in its row"),
    (setting("run", "created", "yesterday"), "run: created should be a date and time with its zone"),
    (setting("run", "created", "2020-01-01"), "run: created should be a date and time with its zone"),
    (setting("run", "created", "9999-12-31T23:59:59-23:00"), "run: created should be a date"),
    (setting("run", "options", []), "run: options should be an object"),
    (setting("run", "options", "harts", 10**9), "option 'harts' should be 1 to 1024"),
    (setting("run", "options", "harts", "2"), "option 'harts' should be like 2"),
    (dropping("run", "options", "seed"), "option 'seed' should be like 0"),
    (dropping("run", "options", "costs", "alu"), "option 'costs' should be like"),
    (setting("run", "options", "limits", []), "option 'limits' should be an object"),
    (setting("run", "options", "costs", {"alu": "1"}), "option 'costs' should be like"),
    (setting("run", "options", "x", 1e400), "manifest.json is no JSON|options should be an object of texts"),
    (setting("run", "options", "x", [[[[[[[[1]]]]]]]]), "options should be an object of texts"),
    (setting("run", "options", "x", 1 << 64), "options should be an object of texts"),
    (setting("run", "store", "pickle"), "run: store should be one of parquet, sqlite"),
    (setting("run", "status", "recording"), "run: status should be one of complete, stopped"),
    (setting("run", "exit_status", 1 << 70), "run: exit_status should be a whole number"),
    (setting("run", "events", -1), "run: events should be a whole number from 0"),
    (setting("run", "events", 31), "events, ticks or digest of the run are not those of its last segment"),
    (setting("run", "digest", "0" * 32), "events, ticks or digest of the run are not those"),
    (setting("run", "event_version", 0), "run: event_version should be a whole number from 1"),
    (setting("run", "detail", "some"), "run: detail should be one of"),
    (setting("run", "name", "other"), "holds a damaged run: the run's row was changed: name is 'other'"),
    (setting("run", "reason", "won"), "holds a damaged run: the run's row was changed: reason"),
    (setting("run", "seal", "0" * 64), "seal.json has another sha256"),
    (dropping("segments", 1), r"segments\[1\] doesn't go on where the one before it ends"),
    (setting("segments", 1, "first_seq", 11), r"segments\[1\] doesn't go on"),
    (setting("segments", 1, "number", 5), r"path should be one of|segments\[1\] doesn't go on"),
    (setting("segments", 1, "first_tick", 99), r"segments\[1\] goes back in time"),
    (setting("segments", 1, "chain", "0" * 64), "holds a damaged run: the row of segment 1 was changed"),
    (setting("segments", 1, "digest", "0" * 32), "holds a damaged run: the row of segment 1 was changed"),
    (setting("segments", 1, "pieces", 0, "rows", 9), r"segments\[1\] has not as many rows as events"),
    (setting("segments", 1, "pieces", 0, "rows", 1 << 40), "rows should be a whole number from 1 to 4194304"),
    (setting("segments", 1, "pieces", 0, "kind", "os"), "kind should be one of"),
    (setting("segments", 1, "pieces", 0, "hart", 5000), "hart should be a whole number from 0 to 1023"),
    (setting("segments", 1, "pieces", 0, "path", "../x"), "path should be one of"),
    (setting("segments", 1, "pieces", 0, "path", "/etc/passwd"), "path should be one of"),
    (setting("snapshots", 1, "file", "/etc/passwd"), "file should be one of snapshots/000001.arrow"),
    (setting("snapshots", 1, "seq", 10**6), "snapshots are not in order"),
    (setting("snapshots", 2, "seq", 30), "a snapshot is of an event that the run doesn't have"),
    (setting("snapshots", 1, "digest", "0" * 64), "snapshots/000001.arrow has another sha256 in its row"),
    (setting("members", 0, "bytes", 1 << 62), "has another size|bytes instead of|another size or sha256"),
    (setting("members", 0, "name", "../up"), "'../up' is no file of the run"),
    (dropping("members", 0), "is not there"),
    (lambda manifest: manifest["members"].append(manifest["members"][0]), "lists a file twice"),
]


def test_a_manifest_that_was_changed_is_refused(catalog: Catalog, good: Path) -> None:
    text = (good / "manifest.json").read_text()
    for what, told in CHANGES:
        (good / "manifest.json").write_text(text)
        change(good, what)
        refused(catalog, good, told)


def test_a_newer_format_or_version_says_what_to_do(catalog: Catalog, good: Path) -> None:
    change(good, setting("format_version", 2))
    refused(
        catalog, good, "archive has format version 2, this simrec reads up to 1: update simrec", NewerArchive
    )
    change(good, setting("format_version", 1))
    change(good, setting("run", "event_version", 99))
    refused(catalog, good, "has event version 99, this simrec reads up to .*: update simrec", NewerLog)


@examples
@given(data=st.data())
def test_whatever_is_changed_in_a_manifest_is_harmless(
    catalog: Catalog, good: Path, data: st.DataObject
) -> None:
    """Refused in one line, or a run that is sound."""
    manifest = json.loads((good / "manifest.json").read_text())
    path = good.with_name("changed")
    if not path.exists():
        shutil.copytree(good, path)
    value = manifest
    while True:
        step = data.draw(st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value))))
        if not isinstance(value[step], dict | list) or not value[step] or data.draw(st.integers(0, 9)) == 0:
            break
        value = value[step]
    value[step] = data.draw(VALUES)
    (path / "manifest.json").write_text(json.dumps(manifest))
    try:
        run = admit(catalog, path).run
    except LogError:
        nothing_came(catalog)
    else:
        assert audit(catalog, run).sound
        catalog.remove(run)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["", "..", "/etc"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@pytest.mark.parametrize("kind", ["sqlite", "parquet"])
def test_a_flipped_bit_anywhere_is_found(catalog: Catalog, tmp_path: Path, kind: str) -> None:
    run = record(catalog, steps(30), kind, [10, 20])
    Export(catalog, run).to_archive(tmp_path / "run.simrec")
    catalog.remove(run)
    data = (tmp_path / "run.simrec").read_bytes()
    chance = random.Random(1)
    for _ in range(60):
        place = chance.randrange(len(data))
        flipped = bytearray(data)
        flipped[place] ^= 1 << chance.randrange(8)
        path = tmp_path / "flipped.simrec"
        path.write_bytes(flipped)
        try:
            admitted = admit(catalog, path).run
        except LogError:
            nothing_came(catalog)
        else:
            # What says nothing of the run: a time, the system that the file was made on.
            assert (admitted.digest, audit(catalog, admitted).findings) == (run.digest, ())
            catalog.remove(admitted)


def test_a_cut_archive_is_found(catalog: Catalog, good: Path, tmp_path: Path) -> None:
    data = zipped(good, tmp_path).read_bytes()
    for size in (0, 1, 21, 22, len(data) // 2, len(data) - 1):
        path = tmp_path / "cut.simrec"
        path.write_bytes(data[:size])
        refused(catalog, path, "cut.simrec is no archive")


# Members.


def zipped(
    folder: Path, tmp_path: Path, add: Callable[[zipfile.ZipFile], None] = lambda archive: None
) -> Path:
    path = tmp_path / "made.simrec"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*.*")):
            archive.write(file, file.relative_to(folder).as_posix())
        add(archive)
    return path


def member(name: str, data: bytes = b"x", mode: int = 0, **more: Any) -> Callable[[zipfile.ZipFile], None]:
    def add(archive: zipfile.ZipFile) -> None:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        for key, value in more.items():
            setattr(info, key, value)
        archive.writestr(info, data)

    return add


MEMBERS = [
    ("../up", 0, "'../up', which is no plain file"),
    ("/etc/cron.d/x", 0, "'/etc/cron.d/x', which is no plain file"),
    ("a/../../up", 0, "which is no plain file"),
    ("C:\\up", 0, "which is no plain file"),
    ("a//b", 0, "which is no plain file"),
    ("folder/", 0, "'folder/', which is no plain file"),
    (".hidden", 0, "which is no plain file"),
    ("new\nline", 0, r"'new\\nline', which is no plain file"),
    ("nul\0byte", 0, "which is no plain file|twice|doesn't list"),
    ("\udcff".encode("utf-8", "surrogateescape").decode("latin-1"), 0, "which is no plain file"),
    ("link", stat.S_IFLNK | 0o777, "'link', which is no plain file"),
    ("pipe", stat.S_IFIFO | 0o644, "'pipe', which is no plain file"),
    ("device", stat.S_IFBLK | 0o644, "'device', which is no plain file"),
    ("extra", 0, "holds extra, which its manifest.json doesn't list"),
    ("seal.json", 0, "holds seal.json twice"),
]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_that_are_no_files_of_a_run(catalog: Catalog, good: Path, tmp_path: Path) -> None:
    for name, mode, told in MEMBERS:
        refused(catalog, zipped(good, tmp_path, member(name, mode=mode)), told)


def test_a_compressed_member_is_refused_before_it_is_read(
    catalog: Catalog, good: Path, tmp_path: Path
) -> None:
    bomb = member("bomb", bytes(1 << 24), compress_type=zipfile.ZIP_DEFLATED)
    refused(
        catalog, zipped(good, tmp_path, bomb), "holds bomb compressed; .*unpack it, and import the directory"
    )


def test_a_member_inside_of_another_is_refused(catalog: Catalog, good: Path, tmp_path: Path) -> None:
    """So that a small file could hold a large one many times."""
    path = zipped(good, tmp_path)
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        start = archive.start_dir
    first = data.index(b"PK\1\2", start)
    second = data.index(b"PK\1\2", first + 1)
    data[second + 42 : second + 46] = data[first + 42 : first + 46]
    path.write_bytes(data)
    refused(catalog, path, "inside of another file")


def test_a_list_that_is_too_long_is_not_read(catalog: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "long.simrec"
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 1 << 31, 0, 0)
    with path.open("wb") as file:
        file.truncate(1 << 31)
        file.seek(0, os.SEEK_END)
        file.write(end)
    refused(catalog, path, "it lists its members in 2,147,483,648 bytes")


@pytest.mark.parametrize("what", ["link", "folder", "pipe"])
def test_a_directory_may_hold_plain_files_only(
    catalog: Catalog, good: Path, tmp_path: Path, what: str
) -> None:
    """An image that is a link to a file which the importer can read, and the sender couldn't."""
    image = good / "program" / "image.elf"
    if what == "folder":
        (good / "program").rename(tmp_path / "outside")
        (good / "program").symlink_to(tmp_path / "outside")
    else:
        image.unlink()
        os.mkfifo(image) if what == "pipe" else image.symlink_to("/etc/passwd")
    name = "program" if what == "folder" else "program/image.elf"
    refused(catalog, good, f"holds '{name}', which is no plain file")


def test_what_is_no_archive(catalog: Catalog, good: Path, tmp_path: Path) -> None:
    refused(catalog, tmp_path / "nowhere.simrec", "nowhere.simrec can't be read .No such file or directory.")
    (tmp_path / "text.simrec").write_text("no archive at all" * 10)
    refused(
        catalog, tmp_path / "text.simrec", "text.simrec is no archive .*give a .simrec file or a directory"
    )
    (good / "manifest.json").write_text('{"format": ')
    refused(catalog, good, "manifest.json is no JSON")
    (good / "manifest.json").write_text("[" * 100_000)
    refused(catalog, good, "manifest.json is no JSON")
    (good / "manifest.json").unlink()
    refused(catalog, good, "has no manifest.json")


def test_files_that_are_changed_missing_or_too_many(catalog: Catalog, good: Path) -> None:
    file = good / "instruction" / "hart=1" / "000001.parquet"
    data = file.read_bytes()
    file.write_bytes(data[:-1] + b"?")
    refused(catalog, good, "000001.parquet is not the file that was written")
    file.write_bytes(data + b"more")
    refused(catalog, good, f"hart=1/000001.parquet with {len(data) + 4} bytes instead of {len(data)}")
    file.unlink()
    refused(catalog, good, "lacks instruction/hart=1/000001.parquet")
    file.write_bytes(data)
    (good / "extra").write_text("x")
    refused(catalog, good, "holds extra, which its manifest.json doesn't list")


# Runs that fit together, and are none.


def forged(
    catalog: Catalog,
    tmp_path: Path,
    lie: Callable[[pa.Table], pa.Table],
    name: str = "instruction/hart=1/000001.parquet",
) -> Path:
    """An archive whose every hash is right, of a run whose recorder wrote something else into a file."""
    word = KernelWrite(pid=1, tid=1, address=0x5000, data=b"word")
    run = record(
        catalog, numbered([*steps(28), word, Process(pid=1, action="exec", name="toy")]), cuts=[10, 20]
    )
    pq.write_table(lie(pq.read_table(run.path / name, partitioning=None)), run.path / name)
    path = sealed_again(catalog.rows(run.id), name, tmp_path)
    catalog.remove(run)
    return path


def sealed_again(rows: Rows, name: str, tmp_path: Path) -> Path:
    """An archive of a run with a file that was changed, with all hashes made anew."""
    data = (rows.run.path / name).read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()

    def vouched(segment: SegmentRow) -> SegmentRow:
        pieces = (
            replace(piece, bytes=len(data), sha256=sha256) if piece.path == name else piece
            for piece in segment.pieces
        )
        return replace(segment, pieces=tuple(pieces))

    snapshots = [replace(row, digest=sha256) if row.file == name else row for row in rows.of_snapshots]
    segments = [vouched(segment) for segment in rows.of_segments]
    rows = replace(rows, of_segments=tuple(segments), of_snapshots=tuple(snapshots))
    (tmp_path / "forged.simrec").unlink(missing_ok=True)
    pack(resealed(rows, rows.run.place), tmp_path / "forged.simrec")
    return tmp_path / "forged.simrec"


def column(name: str, change: Callable[[list[int]], list[Any]], kind: pa.DataType | None = None) -> Any:
    def lie(table: pa.Table) -> pa.Table:
        place = table.column_names.index(name)
        values = pa.array(change(table[name].to_pylist()), kind or table.schema.field(name).type)
        return table.set_column(place, name, values)

    return lie


LIES = [
    (
        column("value", lambda v: [each + 1 for each in v]),
        "segment 1 holds other events than its digest says",
    ),
    (column("seq", lambda v: [v[0]] * len(v)), "events that are not in order|rows of instruction"),
    (column("seq", lambda v: v[::-1]), "events that are not in order|rows of instruction"),
    (column("seq", lambda v: [each + 1 for each in v]), "digest says|rows of instruction instead"),
    (lambda table: table.slice(1), "has [0-9]+ rows of instruction instead of"),
    (lambda table: pa.concat_tables([table, table]), "has [0-9]+ rows of instruction instead of"),
    (lambda table: table.drop_columns("value"), "can't be read"),
    (column("value", lambda v: ["x"] * len(v), pa.string()), "can't be read"),
    (column("value", lambda v: [None] * len(v)), "can't be read|other events"),
]


def test_events_that_are_none_are_found(catalog: Catalog, tmp_path: Path) -> None:
    for number, (lie, told) in enumerate(LIES):
        (tmp_path / str(number)).mkdir()
        refused(catalog, forged(catalog, tmp_path / str(number), lie), told)


def test_bytes_that_are_no_text_are_found(catalog: Catalog, tmp_path: Path) -> None:
    def lie(table: pa.Table) -> pa.Table:
        texts = pa.array([b"\xeeame"] * len(table)).view(pa.string())
        return table.set_column(table.column_names.index("name"), "name", texts)

    path = forged(catalog, tmp_path, lie, "process/000002.parquet")
    refused(catalog, path, "process/000002.parquet can't be read .*Invalid UTF8")


def test_little_that_unpacks_to_much_is_not_read(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recorder.archive.unpacked.LARGEST", 1 << 20)
    path = forged(
        catalog,
        tmp_path,
        column("data", lambda v: [bytes(3 << 20)] * len(v)),
        "kernel_write/000002.parquet",
    )
    assert path.stat().st_size < 1 << 18
    refused(catalog, path, "kernel_write/000002.parquet would take more than 1 MiB to read")


def test_whatever_is_changed_and_vouched_for(catalog: Catalog, tmp_path: Path) -> None:
    """Is an error, or a run that can be read."""
    run = record(catalog, steps(30), cuts=[10, 20])
    rows, other = catalog.rows(run.id), Catalog.open(tmp_path / "other")
    names = [piece.path for segment in rows.of_segments for piece in segment.pieces]
    names += [row.file for row in rows.of_snapshots]
    seals = {name: (run.path / name).read_bytes() for name in ("seal.json", "closing.json")}
    chance = random.Random()
    for _ in range(80):
        name = chance.choice(names)
        good = (run.path / name).read_bytes()
        bad = bytearray(good)
        for _ in range(chance.choice([1, 1, 3])):
            # Most of it is a footer.
            bad[chance.randrange(len(bad))] = chance.randrange(256)
        (run.path / name).write_bytes(bad)
        try:
            admitted = admit(other, sealed_again(rows, name, tmp_path)).run
        except LogError as error:
            assert "\n" not in str(error), (name, bytes(bad))  # noqa: PT017
            nothing_came(other)
        except BaseException:
            (tmp_path / "bad").write_bytes(bad)  # To look at.
            raise
        else:
            assert audit(other, admitted).sound, (name, bytes(bad))
            other.remove(admitted)
        for each, data in {name: good, **seals}.items():
            (run.path / each).write_bytes(data)


STRANGE = [
    ("CREATE VIEW spy AS SELECT 1", "the view 'spy', which is no table of events"),
    ("CREATE TRIGGER t AFTER INSERT ON run BEGIN SELECT 1; END", "the trigger 't', which is no table"),
    ("CREATE INDEX i ON instruction (hart)", "the index 'i', which is no table"),
    ("CREATE TABLE more (x)", "the table 'more', which is no table of events"),
    ("DROP TABLE fault; CREATE VIRTUAL TABLE fault USING fts5(a)", "the table 'fault', which is no table"),
    ("DROP TABLE fault; CREATE TABLE fault (a, b AS (a + 1))", "computed columns in the table fault"),
]


def test_a_write_index_that_lies_is_found(catalog: Catalog, tmp_path: Path) -> None:
    path = forged(catalog, tmp_path, column("last", lambda v: [7] * len(v)), "writes/000002.parquet")
    refused(catalog, path, "writes/000002.parquet has other writers than the events")


def test_a_database_that_would_do_something_is_not_read(catalog: Catalog, tmp_path: Path) -> None:
    run = record(catalog, steps(30), "sqlite")
    Export(catalog, run).to_archive(tmp_path / "good")
    catalog.remove(run)
    data = (tmp_path / "good" / "log.db").read_bytes()
    for sql, told in STRANGE:
        (tmp_path / "good" / "log.db").write_bytes(data)
        with closing(sqlite3.connect(tmp_path / "good" / "log.db")) as database:
            database.executescript(sql)
        changed = (tmp_path / "good" / "log.db").read_bytes()
        this = {"name": "log.db", "bytes": len(changed), "sha256": hashlib.sha256(changed).hexdigest()}

        def vouch(manifest: Any, this: Any = this) -> None:
            manifest["members"] = [this if m["name"] == "log.db" else m for m in manifest["members"]]

        change(tmp_path / "good", vouch)
        refused(catalog, tmp_path / "good", f"holds a damaged run: log.db holds {told}")


def test_code_that_steers_a_terminal_is_refused(catalog: Catalog, tmp_path: Path) -> None:
    recorder = Recorder.start(catalog, [PROGRAM], OPTIONS)
    buffers, world = Buffers(HARTS, 64), World()
    world.seq = 0
    recorder.code([code_row(0x100), code_row(0x104, text="nop\x1b[2J")])
    put(buffers, steps(1)[0])
    recorder.finish(buffers, world)
    run = recorder.close("complete", "exited", 0)
    Export(catalog, run).to_archive(tmp_path / "run.simrec")
    catalog.remove(run)
    refused(catalog, tmp_path / "run.simrec", r"the code table has the disassembly 'nop\\x1b\[2J'")


def test_a_forged_archive_without_a_lie_is_taken(catalog: Catalog, tmp_path: Path) -> None:
    run = admit(catalog, forged(catalog, tmp_path, lambda table: table)).run
    assert audit(catalog, run).findings == ()


# What stops it in the middle.


def test_a_disk_that_is_too_small_is_told_at_once(
    catalog: Catalog, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(0, 0, 1000))
    refused(catalog, good, "nothing was kept: its files take .* bytes, and the disk of .* has 1,000", NotKept)


def test_an_import_under_way_is_no_waste(
    catalog: Catalog, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def look(rows: Rows, progress: Progress) -> tuple[list[str], list[str]]:
        seen.append((being_filled(rows.run.path), [*lost_directories(catalog)]))
        return [], []

    monkeypatch.setattr("recorder.archive.admit.faults", look)
    run = admit(catalog, good).run
    assert (seen, being_filled(run.path)) == ([(True, [])], False)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
@pytest.mark.parametrize("where", ["recorder.archive.admit.faults", "recorder.catalog.Catalog.enter"])
def test_what_goes_wrong_in_the_middle_leaves_nothing(
    catalog: Catalog, good: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, where: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(where, fail)
    with pytest.raises((KeyboardInterrupt, NotKept)):
        admit(catalog, good)
    nothing_came(catalog)


def test_a_killed_import_is_waste_that_knows_its_owner(catalog: Catalog, good: Path) -> None:
    code = (
        "import sys, os, signal; from pathlib import Path; from recorder.catalog import Catalog\n"
        "from recorder.archive import admit\n"
        "admit.faults = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "admit.admit(Catalog.open(Path(sys.argv[1])), Path(sys.argv[2]))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(catalog.home), str(good)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert catalog.runs() == []
    (waste,) = (catalog.home / "runs").iterdir()
    assert [each.path for each in lost_directories(catalog)] == [waste]
    run = admit(catalog, good).run
    assert run.id != waste.name
    assert audit(catalog, run).findings == ()
