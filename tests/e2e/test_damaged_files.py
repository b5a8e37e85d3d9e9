"""Files of a recording, changed at random: no command answers with a traceback, and none hangs or crashes."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recorder.audit import audit
from recorder.catalog import Catalog
from simrec.cli import app

ROOT = Path(__file__).parents[2]
CHANGES = 40
COMMANDS = (
    ("replay",),
    ("replay", "--json"),
    ("events", "--all"),
    ("stats",),
    ("query", "select count(*), max(seq) from instruction"),
    ("query", "select * from code"),
    ("verify", "--files"),
    ("contention",),
    ("schedule",),
    ("memory",),
)


def flipped(chance: random.Random, data: bytearray) -> None:
    for _ in range(chance.choice([1, 1, 4, 30])):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def cut(chance: random.Random, data: bytearray) -> None:
    del data[chance.randrange(len(data)) :]


def extended(chance: random.Random, data: bytearray) -> None:
    data += chance.randbytes(chance.choice([1, 100, 9000]))


def overwritten(chance: random.Random, data: bytearray) -> None:
    """With numbers that are large, or negative, or none."""
    place = chance.randrange(len(data))
    data[place : place + 8] = chance.choice(
        [b"\xff" * 8, b"\0" * 8, b"\x7f\xff\xff\xff", b"", chance.randbytes(8)]
    )


def near_the_ends(chance: random.Random, data: bytearray) -> None:
    """Headers and footers have the counts."""
    place = chance.randrange(min(300, len(data)))
    data[chance.choice([place, -1 - place])] = chance.randrange(256)


CHANGED: list[Callable[[random.Random, bytearray], None]] = [
    flipped,
    cut,
    extended,
    overwritten,
    near_the_ends,
]


@pytest.mark.slow
@pytest.mark.parametrize("store", ["parquet", "sqlite"])
def test_every_command_copes(home: Path, monkeypatch: pytest.MonkeyPatch, store: str) -> None:
    monkeypatch.chdir(ROOT)
    command = CliRunner()
    for _ in range(2):
        assert command.invoke(app, ["run", "--store", store, "examples/generator.asm"]).exit_code == 0
    catalog = Catalog.open(home)
    run, other = catalog.runs()
    files = [path for path in sorted(run.path.rglob("*")) if path.is_file()]
    chance = random.Random()
    for _ in range(CHANGES):
        path, change = chance.choice(files), chance.choice(CHANGED)
        good = path.read_bytes()
        bad = bytearray(good)
        change(chance, bad)
        path.write_bytes(bad)
        try:
            for words in (*chance.sample(COMMANDS, 2), ("diff", other.id)):
                result = command.invoke(app, [*words, run.id])
                told = (words, path, change.__name__, result.exception, result.stderr)
                assert isinstance(result.exception, SystemExit | None), told
                assert result.exit_code in (0, 1, 2, 5) and "Traceback" not in result.stderr, told
            found = audit(catalog, run).findings
            assert found or bad == good, (path, change)
        except BaseException:
            (home / "bad").write_bytes(bad)  # To look at.
            raise
        finally:
            path.write_bytes(good)
    assert audit(catalog, run).findings == ()
