"""`--follow`: a run that another process records, as it comes, to its end."""

import json
import os
import pty
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from console import COMMAND, PROGRAMS, Simrec, environment


class Recording:
    """A run of `rounds.asm` in a process of its own; every round is a segment and a bit."""

    def __init__(self, home: Path, *options: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "run", *options, str(PROGRAMS / "rounds.asm")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(home),
        )

    def round(self, byte: bytes) -> None:
        """One more, to its end."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(byte)
        self.process.stdin.flush()
        assert self.process.stdout.read(1) == byte

    def end(self) -> None:
        """No more input."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(60) == 0

    def kill(self) -> None:
        """In the middle of everything."""
        self.process.kill()
        with self.process:
            pass


@pytest.fixture
def recording(home: Path) -> Iterator[Callable[..., Recording]]:
    made: list[Recording] = []

    def record(*options: str) -> Recording:
        made.append(Recording(home, *options))
        return made[-1]

    yield record
    for each in made:
        each.kill()


class Following:
    """A command that follows."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, *arguments, "--follow"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(home),
            text=True,
        )

    def line(self, part: str) -> str:
        """The next line that has ``part`` in it."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if part in line:
                return line
        raise AssertionError(f"no line with {part!r}; {self.ended()}")

    def ended(self, status: int = 0) -> tuple[str, list[str]]:
        """The rest of what it prints, and the lines of its errors."""
        output, errors = self.process.communicate(timeout=60)
        assert self.process.returncode == status
        return output, errors.splitlines()


Record = Callable[..., Recording]


def test_what_is_committed_comes_at_once_and_all_of_it(home: Path, simrec: Simrec, recording: Record) -> None:
    run = recording("--name", "live")
    run.round(b"x")
    events = Following(home, "events", "live", "--from", "0", "--kind", "input", "--thread", "1")
    assert "'x'" in events.line("input")
    stats = Following(home, "stats")
    lines = Following(home, "stats", "--json")
    counts = []
    for byte in (b"y", b"z"):
        run.round(byte)
        assert repr(byte)[1:] in events.line("input")
        told = int(stats.line("instructions        ").split()[1].replace(",", ""))
        counts += [told, json.loads(lines.line("{"))["run"]["instructions"]]
    run.end()
    assert counts[0] < counts[2] and counts[1] < counts[3]
    assert json.loads(lines.ended()[0].splitlines()[-1]) == json.loads(simrec("stats", "--json").output)
    assert stats.ended()[0].endswith(simrec("stats").output)
    output, (first, last) = events.ended()
    (row,) = json.loads(simrec("runs", "--json").output)
    assert first.startswith(f"simrec: run {row['run']} is still being recorded; ")
    assert last == f"simrec: run {row['run']} (live) has ended: exited, status 0, {row['events']:,} events"
    (rest,) = output.splitlines()
    assert rest.endswith("end of input")


@pytest.mark.parametrize("store", ["parquet", "sqlite"])
def test_a_recorder_that_dies_ends_it(home: Path, simrec: Simrec, recording: Record, store: str) -> None:
    run = recording("--store", store)
    run.round(b"x")
    events = Following(home, "events", "--json", "--kind", "input", "--from", "0")
    replay = Following(home, "replay")
    replay.line("just after event")
    run.round(b"y")
    replay.line("just after event")
    run.kill()
    (row,) = json.loads(simrec("runs", "--json").output)
    where = f"at event {row['events'] - 1}"
    told = f"simrec: run {row['run']} was interrupted {where}: nobody records it any more"
    output, errors = events.ended()
    assert errors[-1] == told
    assert output == simrec("events", "--json", "--kind", "input", "--all").output
    assert output.count("\n") == 2
    output, errors = replay.ended()
    assert errors[-1] == told
    assert simrec("replay").output.endswith(output)


def test_ctrl_c_ends_only_the_following(home: Path, simrec: Simrec, recording: Record) -> None:
    run = recording()
    run.round(b"x")
    for command in ("events", "stats"):
        following = Following(home, command)
        following.line("")
        following.process.send_signal(signal.SIGINT)
        assert following.ended(130)[1][-1] == "simrec: interrupted"
    assert "is still being recorded; event" in simrec("replay").errors
    run.end()
    assert simrec("replay").errors == ""


def test_it_begins_with_the_last_events_and_goes_as_far_as_it_is_told(simrec: Simrec) -> None:
    run = simrec("run", "examples/hello.asm").run
    events = simrec("events", "--all", "--json").output.splitlines()
    following = simrec("events", "--follow", "--json")
    assert following.output.splitlines() == events[-10:]
    assert following.errors == f"simrec: run {run} has ended: exited, status 0, {len(events)} events\n"
    some = simrec("events", "--follow", "--json", "--from", "7", "--to", "9")
    assert (some.output.splitlines(), some.errors) == (events[7:10], "")


def test_the_newest_state_is_no_given_one(simrec: Simrec) -> None:
    simrec("run", "examples/hello.asm")
    answer = simrec("replay", "--follow", "--at", "3")
    assert (answer.status, answer.output) == (2, "")
    assert "leave --at away" in answer.errors


def test_on_a_terminal_the_new_numbers_stand_in_the_place_of_the_old(home: Path, simrec: Simrec) -> None:
    simrec("run", "examples/hello.asm")
    command = [*COMMAND, "stats", "--follow"]
    ours, its = pty.openpty()
    with subprocess.Popen(command, stdout=its, env=environment(home, TERM="xterm", COLUMNS="120")) as process:
        os.close(its)
        shown = b""
        with suppress(OSError):  # EIO: nobody has the other end any more.
            while data := os.read(ours, 1 << 16):
                shown += data
    os.close(ours)
    assert process.returncode == 0
    text = simrec("stats").output.encode()
    assert b"\x1b[2K" in shown
    assert shown.replace(b"\r\n", b"\n").endswith(text)
