"""How commands end in a process of their own: with what they have to say, and nothing of the libraries'."""

import subprocess
import sys
from pathlib import Path

import pytest
from console import ROOT, Simrec, environment


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        (["query", "select count(*) from instruction"], 0, ""),
        (["query", "selct"], 2, "simrec: Parser Error: syntax error at or near"),
        (["stats"], 0, ""),
        (["verify"], 0, ""),
        (["schedule"], 0, ""),
        (["replay", "--at", "9"], 0, ""),
        (["timeline", "--output", "figure.html"], 0, ""),
        (["runs"], 0, ""),
        (["stats", "nosuch"], 2, "simrec: no run 'nosuch'"),
    ],
)
def test_nothing_is_said_at_the_end(
    home: Path, simrec: Simrec, tmp_path: Path, command: list[str], status: int, said: str
) -> None:
    simrec("run", str(ROOT / "examples/counter_race.asm"))
    done = subprocess.run(
        [sys.executable, "-m", "simrec", *command],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment(home),
        check=False,
    )
    assert done.returncode == status
    lines = [line for line in done.stderr.splitlines() if "figure.html" not in line]
    assert [line.startswith(said) for line in lines] == [True] * bool(said)
