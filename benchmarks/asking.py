"""How long questions about long runs take, as calls of the library in a process that has asked before.

Each run is recorded once, by a command; places and events are drawn with a fixed seed.
"""

import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from benchmarks import programs
from benchmarks.measuring import command, home, percentiles
from benchmarks.programs import LOOP, PARTING

if TYPE_CHECKING:
    from recorder.catalog import Catalog
    from replay.recording import Recording

#: Rounds of the loop for 500 M events, and of the two runs that part for 100 M.
LONG, PART = "6760000", "16700000"
#: Rounds of mixed.c that make about 100 million.
MIXED = "42"
#: Questions of each sort, for each round.
QUESTIONS = 100


def opening(rounds: int) -> dict[str, Any]:
    """Opening a run of 500 M events."""
    name = _long()
    events = _recording(name).log.end_seq
    return {"events": events} | _asked(_recording, [name] * 10 * rounds)


def replay_library(rounds: int) -> dict[str, Any]:
    """The state at a random event, and all of it in words: of the loop's 500 M events, and of eight threads
    that sort, hash and lock. ``first``: that goes through the whole run once, for its locks."""
    from replay.kept import cache_directory
    from replay.view import view

    # What an earlier round kept there would answer the first question.
    shutil.rmtree(cache_directory(), ignore_errors=True)
    figures: dict[str, Any] = {}
    for label, name in (("loop", _long()), ("mixed", _mixed())):
        recording, pick = _recording(name), random.Random(1)

        def told(seq: int, recording: "Recording" = recording) -> None:
            list(view(recording, seq))

        first = _asked(told, [recording.last_seq])["p50_ms"]
        seqs = [pick.randrange(recording.last_seq) for _ in range(QUESTIONS * rounds)]
        found = {"events": recording.log.end_seq, "first_ms": first}
        found |= {f"state_{key}": value for key, value in _asked(recording.state, seqs).items()}
        found |= {f"view_{key}": value for key, value in _asked(told, seqs).items()}
        figures |= {f"{label}_{key}": value for key, value in found.items()}
    return figures


def last_write(rounds: int) -> dict[str, Any]:
    """Who last wrote a place before a random event. In the loop's 500 M events: the cell that it always
    writes (``hot``), and a word of the stack that only its start wrote (``old``). Of eight threads that
    sort, hash and lock: places that anybody wrote."""
    from recorder.schema import WRITES
    from replay import lastwrite
    from replay.addressview import address_of

    figures: dict[str, Any] = {}
    loop, mixed = _recording(_long()), _recording(_mixed())
    cell = address_of(loop, "cell")
    written = [_places(recording, WRITES) for recording in (loop, mixed)]
    asked = (("hot", loop, [cell]), ("old", loop, [max(written[0])]), ("any", mixed, sorted(written[1])))
    for label, recording, places in asked:
        pick = random.Random(2)

        def found(question: tuple[int, int], recording: "Recording" = recording) -> None:
            lastwrite.last_write(recording, 1, question[0], 8, question[1])

        last = recording.last_seq
        questions = [(pick.choice(places), pick.randrange(last)) for _ in range(QUESTIONS * rounds)]
        figures |= {f"{label}_{key}": value for key, value in _asked(found, questions).items()}
    return figures


def first_divergence(rounds: int) -> dict[str, Any]:
    """Where two runs of 100 M events part near their ends, also thread by thread: with the same options, and
    with another cost for an instruction that neither has."""
    from replay.diff import diff

    figures: dict[str, Any] = {}
    for label, options in (("same", ()), ("other", ("--cost", "divide=40"))):
        left, right = _parting("x"), _parting("y", *options)
        seq = diff(_recording(left), _recording(right)).seq
        assert seq is not None

        def compared(pair: tuple[str, str]) -> None:
            diff(*map(_recording, pair))

        found = {"at": seq} | _asked(compared, [(left, right)] * 3 * rounds)
        figures |= {f"{label}_{key}": value for key, value in found.items()}
    return figures


BENCHMARKS = (opening, replay_library, last_write, first_divergence)


def _asked(question: Callable[[Any], Any], about: Iterable[Any]) -> dict[str, float]:
    times = []
    for each in about:
        started = time.perf_counter()
        question(each)
        times.append(time.perf_counter() - started)
    return percentiles(times)


def _places(recording: "Recording", kind: str) -> set[int]:
    """Addresses that the first segment wrote, and the last."""
    numbers = (0, len(recording.log.segments) - 1)
    tables = [recording.log.writes(number, kind, 0, 1 << 62) for number in numbers]
    return {address for table in tables if table is not None for address in table["address"].to_pylist()}


def _recording(name: str) -> "Recording":
    from recorder.reader import Log
    from replay.recording import Recording

    return Recording(Log.open(_catalog(), name))


@cache
def _catalog() -> "Catalog":
    from recorder.catalog import Catalog

    return Catalog.open()


@cache
def _long() -> str:
    command("run", str(LOOP), LONG, "--harts", "1", "--name", "bench-long")
    return "bench-long"


@cache
def _mixed() -> str:
    elf = programs.compiled("mixed", home(), symbols=True)
    command("run", str(elf), MIXED, "--harts", "4", "--name", "bench-asked-mixed")
    return "bench-asked-mixed"


@cache
def _parting(byte: str, *options: str) -> str:
    name = f"bench-parting-{byte}{len(options)}"
    words = [sys.executable, "-m", "simrec", "run", str(PARTING), PART, "--harts", "1", "--name", name]
    subprocess.run([*words, *options], input=byte.encode(), capture_output=True, check=True)
    return name
