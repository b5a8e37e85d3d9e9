"""Where a run's files are: what every place does, and what no name in a catalog can make it do."""

import os
import re
import shutil
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from servers import S3
from sqlalchemy import text
from synthetic import PROGRAM, record, steps

from recorder.audit import audit
from recorder.catalog import Catalog
from recorder.database import writing
from recorder.errors import BadFiles, CatalogUnavailable, LeadsOutside, PlaceUnavailable
from recorder.keeping import Keeping
from recorder.objectplace import PARAMETERS, ObjectPlace
from recorder.place import LocalPlace, Place, check_name, read_files
from recorder.reader import Log
from recorder.recorder import Recorder
from replay.query import run_query


@pytest.fixture(params=["directory", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """One that isn't there yet."""
    if request.param == "directory":
        return LocalPlace(tmp_path / "place")
    s3: S3 = request.getfixturevalue("s3")
    return ObjectPlace(s3.url(tmp_path.name), "01234567")


def test_what_is_written_can_be_read(place: Place) -> None:
    place.make()
    assert (place.names(), place.bytes()) == ([], 0)
    place.write("a/b=1/c.bin", b"0123456789")
    place.write("d.bin", memoryview(b""))
    assert sorted(place.names()) == ["a/b=1/c.bin", "d.bin"]
    assert (place.size("a/b=1/c.bin"), place.size("d.bin"), place.bytes()) == (10, 0, 10)
    assert (place.read("a/b=1/c.bin"), place.read("d.bin")) == (b"0123456789", b"")
    with place.open("a/b=1/c.bin") as file:
        file.seek(4)
        assert file.read(3) == b"456"
    for missing in (place.read, place.open, place.size):
        with pytest.raises(FileNotFoundError):
            missing("a/none")
    place.write("later.bin", b"x")
    assert place.size("later.bin") == 1
    with pytest.raises(PlaceUnavailable, match=r"is there already|File exists"):
        place.make()
    assert place.shown("d.bin").endswith("/d.bin")
    place.remove()
    assert (place.names(), place.bytes()) == ([], 0)
    place.remove()


def test_what_is_staged_is_kept_or_dropped(place: Place) -> None:
    place.make()
    for name in ("kept", "waste", "more/waste"):
        place.stage(name, name.encode())
    place.stage_chunks("long", (bytes([n]) * 1000 for n in range(3)))
    place.publish(["kept", "long"])
    place.drop_staged()
    assert sorted(place.names()) == ["kept", "long"]
    assert place.read("kept") == b"kept"
    assert place.read("long") == b"\0" * 1000 + b"\1" * 1000 + b"\2" * 1000


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../x",
        "a/../../x",
        "/etc/passwd",
        "a//b",
        "a/",
        "a/./b",
        "a\0b",
        "a\nb",
        "*",
        "a/[b]",
        "é",
    ],
)
def test_a_name_that_leads_out_is_refused_by_every_method(place: Place, name: str) -> None:
    place.make()
    ways: list[Callable[[], object]] = [
        lambda: place.read(name),
        lambda: place.open(name),
        lambda: place.size(name),
        lambda: place.stage(name, b""),
        lambda: place.publish([name]),
        lambda: place.write(name, b""),
    ]
    for way in ways:
        with pytest.raises(LeadsOutside, match="leads out of the run's place"):
            way()
    assert place.names() == []


@settings(max_examples=300)
@given(
    st.lists(st.sampled_from(["a", "b.c", "hart=1", ".", "..", "", "/", "\\", "~", "\0", "\n"])).map("/".join)
    | st.text()
)
def test_a_name_is_refused_or_leads_inside(name: str) -> None:
    with suppress(LeadsOutside):
        assert Path("/place", check_name(name)).resolve().is_relative_to("/place/")
        assert Path("/place", name) != Path("/place")


def test_every_name_that_is_recorded_is_one(catalog: Catalog, store: str) -> None:
    run = record(catalog, steps(30), store, [10, 20])
    assert len(run.place.names()) > 5
    assert [check_name(name) for name in run.place.names()] == run.place.names()


def test_links_and_pipes_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    place = LocalPlace(tmp_path / "place")
    place.make()
    place.write("folder/file", b"own")
    (place.local / "link").symlink_to(tmp_path / "secret")
    (place.local / "up").symlink_to(tmp_path)
    (place.local / "folder" / "up").symlink_to(tmp_path)
    os.mkfifo(place.local / "pipe")
    for name in ("link", "up/secret", "folder/up/secret", "pipe", "folder", "folder/file/below"):
        for way in (place.read, place.open, place.size, place.path):
            with pytest.raises(LeadsOutside):
                way(name)
    assert place.names() == ["folder/file"]
    assert place.bytes() == 3
    place.remove()
    assert (tmp_path / "secret").read_text() == "secret"


@pytest.mark.parametrize("outside", ["../../secret", "/etc/passwd", "instruction/up/secret"])
def test_a_changed_catalog_does_not_lead_out(catalog: Catalog, outside: str) -> None:
    """The file it names is not opened, and events before it can be read."""
    run = record(catalog, steps(30), cuts=[10, 20])
    (catalog.home / "runs" / "secret").write_text("secret")
    (run.path / "instruction" / "up").symlink_to(catalog.home / "runs")
    with writing(catalog.engine) as connection:
        was = connection.execute(text("select pieces from segments where number = 1")).scalar()
        now = str(was).replace("instruction/hart=0/000001.parquet", outside)
        connection.execute(text("update segments set pieces = :now where number = 1"), {"now": now})
        connection.execute(text("update snapshots set file = :now"), {"now": outside})
    with Log.open(catalog, run.id) as log:
        assert "leads out of the run's place" in str(log.damage)
        assert log.table("instruction", 0, 9)["seq"].to_pylist() == list(range(10))
        assert log.image_before(29) is None
    assert len(audit(catalog, run).findings) > 2


def test_what_a_user_may_type() -> None:
    here = socket.gethostname()
    assert read_files("") == ""
    assert (
        read_files("/big disk/runs")
        == read_files("file:///big%20disk/runs")
        == f"file://{here}/big%20disk/runs"
    )
    assert read_files("runs") == f"file://{here}{Path.cwd() / 'runs'}"
    assert read_files("s3://bucket") == read_files("s3://bucket/") == "s3://bucket"
    assert read_files("s3://bucket/a/b/?region=eu-west-1") == "s3://bucket/a/b?region=eu-west-1"
    assert read_files("S3://bucket/a") == "s3://bucket/a"
    assert read_files("FILE:///a") == read_files("/a")
    assert read_files("s3://bucket/a b//c") == read_files("s3://bucket/a%20b/c") == "s3://bucket/a%20b/c"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("s3://", "names no bucket: write s3://BUCKET/PREFIX"),
        ("s3:/bucket/x", "names no bucket"),
        ("s3://bucket:80/x", "names no bucket"),
        ("s3://bucket/a/../b", "folders of plain names"),
        ("s3://bucket/%2e%2e/b", "folders of plain names"),
        ("s3://bucket/a#b", "folders of plain names"),
        ("s3://bucket/a?acl=public", "'acl' is none of endpoint_override, region"),
        ("gs://bucket/a", "name a directory or s3://BUCKET/PREFIX"),
        ("https://host/a", "name a directory or s3://BUCKET/PREFIX"),
        ("file://another/a", "name a directory or s3://BUCKET/PREFIX"),
        ("file:a", "write file:///DIRECTORY"),
    ],
)
def test_what_no_runs_can_be_kept_at(typed: str, told: str) -> None:
    with pytest.raises(BadFiles, match=told):
        read_files(typed)


def test_keys_in_a_url_are_refused_and_not_told() -> None:
    with pytest.raises(BadFiles, match="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY") as error:
        read_files("s3://AKIAEXAMPLE:very-secret@bucket/x")
    assert "very-secret" not in str(error.value)


def test_a_directory_of_the_users_choice(
    catalog: Catalog, tmp_path: Path, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = record(catalog, steps(30), store, [10], files=read_files(str(tmp_path / "big [disk]*")))
    assert run.path == tmp_path / "big [disk]*" / run.id
    assert run.where == str(run.path)
    monkeypatch.setenv("SIMREC_FILES", str(tmp_path / "elsewhere"))
    again = Catalog.open(catalog.home)
    assert record(again, steps(3)).path.parent == tmp_path / "elsewhere"
    with Log.open(again, run.id) as log:
        assert len(log.table("instruction")) == 30
    assert audit(again, run).findings == ()
    again.remove(run)
    assert list(run.path.parent.iterdir()) == []


def test_a_catalog_of_its_own_place_remembers_the_home(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    run = record(Catalog.open(tmp_path / "one", url), steps(5))
    other = Catalog.open(tmp_path / "other", url)
    assert other.find(run.id).path == tmp_path / "one" / "runs" / run.id
    assert len(Log.open(other, run.id).table("instruction")) == 5


def test_files_on_another_host_are_not_missed_but_told(catalog: Catalog, tmp_path: Path) -> None:
    run = record(catalog, steps(5), files=read_files(str(tmp_path / "there")))
    moved = run.path.rename(run.path.with_name("moved"))
    catalog.change(run.id, files=f"file://elsewhere{tmp_path / 'there'}")
    with pytest.raises(PlaceUnavailable, match=f"the files of run {run.id} are on elsewhere, in .*there"):
        Log.open(catalog, run.id)
    with pytest.raises(PlaceUnavailable):
        catalog.remove(catalog.find(run.id))
    # A directory that several hosts share is just read.
    moved.rename(run.path)
    assert len(Log.open(catalog, run.id).table("instruction")) == 5


@pytest.mark.parametrize(
    "files", ["gs://bucket/x", "http://host/x", "s3://key:secret@bucket/x", "file:x", "x"]
)
def test_a_changed_catalog_names_no_other_place(catalog: Catalog, files: str) -> None:
    run = record(catalog, steps(1))
    assert catalog.change(run.id, files=files).where == f"{files}/{run.id}"
    with pytest.raises(BadFiles):
        Log.open(catalog, run.id)
    with pytest.raises(BadFiles):
        catalog.remove(catalog.find(run.id))


def test_a_changed_catalog_names_no_directory_of_the_users(catalog: Catalog, tmp_path: Path) -> None:
    run = record(catalog, steps(1))
    (tmp_path / "precious").mkdir()
    with writing(catalog.engine) as connection:
        for table in ("segments", "snapshots"):
            connection.execute(text(f"delete from {table}"))
        names = {"id": "precious", "files": tmp_path.as_uri()}
        connection.execute(text("update runs set id = :id, files = :files"), names)
    with pytest.raises(CatalogUnavailable, match="'precious' is no run's id"):
        catalog.remove(catalog.find("precious"))
    with writing(catalog.engine) as connection:
        connection.execute(text("update runs set id = '01234567'"))
    (tmp_path / "01234567").symlink_to(tmp_path / "precious")
    with pytest.raises(CatalogUnavailable, match="instead of"):
        catalog.remove(catalog.find("01234567"))
    assert (tmp_path / "precious").exists()
    shutil.rmtree(catalog.home / "runs" / run.id)


def test_the_page_tells_what_a_url_can_say() -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "where-runs-are.md").read_text()
    table = [line.split("`")[1] for line in page.splitlines() if re.match(r"\| `\w+` \| ", line)]
    assert sorted(table) == sorted(PARAMETERS)


@pytest.mark.parametrize("name", [".", "..", "", "0123456", "../../..", "01234567/.."])
def test_only_an_id_names_a_directory(catalog: Catalog, name: str) -> None:
    run = replace(record(catalog, steps(1)), id=name, directory=f"runs/{name}")
    for files in ("", read_files(str(catalog.home)), "s3://bucket/prefix"):
        with pytest.raises(CatalogUnavailable, match="is no run's id"):
            _ = replace(run, files=files).place


def test_a_place_that_can_not_be_made_is_told(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Exception, match=r"recording of run .* failed: .*Not a directory.*`simrec rm"):
        Recorder.start(catalog, [PROGRAM], {}, Keeping(files=read_files(str(tmp_path / "file"))))
    catalog.remove(catalog.find("latest"))


def test_a_home_may_have_any_name(tmp_path: Path, store: str) -> None:
    home = tmp_path / "what? [50%] #1 'x' 한글"
    run = record(Catalog.open(home), steps(5), store)
    assert (home / "catalog.db").exists()
    with Log.open(Catalog.open(home), run.id) as log:
        assert run_query(log, "select count(*) as n from instruction").to_pylist() == [{"n": 5}]


@pytest.mark.parametrize(("name", "told"), [("/tmp/\udcff", "no UTF-8 name"), ("~nobody there/x", "no user")])
def test_a_directory_that_can_not_be(name: str, told: str) -> None:
    with pytest.raises(BadFiles, match=f"{told}.*choose another"):
        read_files(name)
    with pytest.raises(BadFiles, match=f"{told}.*choose another"):
        Catalog.open(Path(name))
