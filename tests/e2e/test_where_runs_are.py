"""Runs kept elsewhere than in the home: every command works on them as on any other."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from console import Simrec, call
from servers import S3, Postgres

COUNTER = "examples/counter_mutex.asm"


@pytest.fixture(scope="module")
def kept(s3: S3, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[str]]:
    """The same command on a run in a bucket, and on the same run in the home."""
    home = tmp_path_factory.mktemp("home")
    runs = [
        call(home, "run", "--seed", 7, COUNTER, SIMREC_FILES=s3.url("kept")).run,
        call(home, "run", "--seed", 7, COUNTER).run,
    ]

    def both(*arguments: object) -> list[str]:
        answers = [call(home, *[each if each != "RUN" else run for each in arguments]) for run in runs]
        assert [(answer.status, answer.errors) for answer in answers] == [(0, "")] * 2
        return [answer.output.replace(run, "RUN") for run, answer in zip(runs, answers, strict=True)]

    return both


@pytest.mark.parametrize(
    "command",
    [
        ("replay", "--at", 12000, "RUN"),
        ("stats", "RUN"),
        ("contention", "RUN"),
        ("schedule", "RUN"),
        ("memory", "--at", 5000, "RUN"),
        ("events", "--kind", "syscall", "--all", "RUN"),
        (
            "query",
            "select hart, count(*), min(pc), sum(value) from instruction group by hart order by hart",
            "RUN",
        ),
        (
            "query",
            "select t.action, count(*) from thread t join choice c on c.seq > t.seq group by 1 order by 1",
            "RUN",
        ),
        ("query", "show tables", "RUN"),
        ("diff", "RUN", "RUN"),
        ("writes", "counter", "RUN", "--before", 90000),
        ("verify", "RUN"),
    ],
)
def test_a_command_says_the_same(kept: Callable[..., list[str]], command: tuple[object, ...]) -> None:
    one, other = kept(*command)
    assert one == other
    assert len(one) > 20


def test_files_by_option_and_by_environment(simrec: Simrec, s3: S3, tmp_path: Path) -> None:
    prefix = tmp_path.name
    first = simrec("run", "--files", s3.url(prefix), "examples/hello.asm")
    assert f"stored in s3://bucket/{prefix}/{first.run} (parquet, " in first.errors
    second = simrec("run", "examples/hello.asm", SIMREC_FILES=str(tmp_path / "disk"))
    assert f"stored in {tmp_path / 'disk'}/{second.run} (parquet, " in second.errors
    third = simrec("run", "--files", tmp_path / "other", "examples/hello.asm", SIMREC_FILES=s3.url(prefix))
    assert f"stored in {tmp_path / 'other'}/{third.run} (parquet, " in third.errors
    assert {key.split("/")[1] for key in s3.keys(prefix)} == {first.run}
    assert simrec("runs", "--json").output.count('"path"') == 3
    assert simrec("diff", first.run, second.run).status == 0
    assert simrec("rm", first.run, second.run, third.run).status == 0
    assert s3.keys(prefix) == []
    assert os.listdir(tmp_path / "disk") == os.listdir(tmp_path / "other") == []


def test_what_can_not_be_is_one_line(simrec: Simrec, s3: S3) -> None:
    for status, told, options in (
        (2, "the SQLite store needs a directory", ("--store", "sqlite", "--files", s3.url("x"))),
        (2, "holds a key, and the catalog would keep it", ("--files", "s3://key:secret@bucket/x")),
        (2, "name a directory or s3://BUCKET/PREFIX", ("--files", "ftp://host/x")),
        (5, "there is no such bucket", ("--files", s3.url("x", "nowhere"))),
    ):
        answer = simrec("run", *options, "examples/hello.asm")
        assert answer.status == status
        (line,) = answer.errors.splitlines()
        assert line.startswith("simrec: ")
        assert told in line
        assert "secret" not in line


def test_a_catalog_in_postgresql(simrec: Simrec, postgres: Postgres, tmp_path: Path) -> None:
    """Shared by users with homes of their own."""
    url = postgres.new_database()
    first = simrec("run", "--name", "mine", "examples/hello.asm", SIMREC_CATALOG=url)
    assert f"stored in {tmp_path}/simrec_home/runs/{first.run} (parquet, " in first.errors
    other = {"SIMREC_CATALOG": url, "SIMREC_HOME": str(tmp_path / "another")}
    second = simrec("run", "--store", "sqlite", "examples/hello.asm", **other)
    assert simrec("runs", "--json", **other).output.count('"run"') == 2
    for run in ("mine", second.run):
        assert "exited with status 0" in simrec("replay", "--at", 144, run, **other).output
    assert simrec("diff", "mine", "latest", **other).status == 0
    assert simrec("rm", "mine", second.run, SIMREC_CATALOG=url).status == 0
    assert simrec("runs", **other).errors.startswith("no runs yet")
    assert list(tmp_path.glob("*/runs/*")) == []
    # The catalog in the home knew nothing of it.
    assert simrec("runs").errors.startswith("no runs yet")


def test_a_catalog_that_can_not_be_opened_is_one_line(simrec: Simrec) -> None:
    answer = simrec("runs", SIMREC_CATALOG="postgresql://me:secret@127.0.0.1:1/runs")
    assert answer.status == 5
    assert answer.errors.startswith(
        "simrec: can't use the catalog postgresql+psycopg://me:***@127.0.0.1:1/runs"
    )
    assert len(answer.errors.splitlines()) == 1
    assert "secret" not in answer.errors
