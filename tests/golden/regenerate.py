"""The golden logs: listings and states of small programs, word for word; and the vocabulary of events.

``make golden`` (``python -m tests.golden.regenerate``) writes them anew; look at the difference before you
commit it. Runs are deterministic, so `test_golden` compares exactly. Of the vocabulary only today's version
is written: those before it are released, and stay as they are.
"""

import contextlib
import io
import os
import re
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

#: name -> (program, options of `simrec run`, options of each `simrec events`, events to stop behind)
LOGS: dict[str, tuple[str, list[str], list[str], list[int]]] = {
    "hello": ("examples/hello.asm", [], ["--all"], [0, 13, 42, 118, 137]),
    "generator": (
        "examples/generator.asm",
        [],
        ["--from", "380", "--to", "600"],
        [300, 520, 1800],
    ),
    "deadlock": ("examples/deadlock.asm", [], ["--all"], [370, 590, 608]),
    "counter_mutex": (
        "examples/counter_mutex.asm",
        ["--harts", "4", "--max-events", "6000"],
        ["--all", "--kind", "futex", "--kind", "thread", "--kind", "context_switch", "--kind", "choice"],
        [2000, 5999],
    ),
    "barrier": ("tests/e2e/programs/barrier.asm", ["--seed", "7"], ["--all"], [600]),
    "stack_overflow": (
        "examples/stack_overflow.asm",
        [],
        ["--from", "600", "--all"],
        [715, 720],
    ),
}

#: Runs that the code of events' version 1 recorded -> events to stop behind.
V1 = {"race": [300, 600, 1050, 1200], "generator": [307, 614, 1075, 1229], "fault": [20, 41, 71, 82]}
V1_HOME = ROOT / "tests/recorder/v1/home.tar.xz"


def vocabulary() -> tuple[Path, str]:
    """The file of today's version, and what it should hold: every kind with its columns, in order."""
    from recorder.schema import CODE, columns
    from sim.events import KINDS, VERSION

    lines = []
    for kind in (*KINDS, CODE):
        lines += [
            kind,
            *(
                f"  {c.name}: {c.type}{' ' if c.names else ''}{' '.join(n or '-' for n in c.names)}"
                for c in columns(kind)
            ),
        ]
    return HERE / "vocabulary" / f"{VERSION}.txt", "\n".join(lines) + "\n"


def documents() -> Iterator[tuple[Path, str]]:
    """Each golden file and what it should hold."""
    with tempfile.TemporaryDirectory() as home, contextlib.chdir(ROOT):
        before = os.environ.get("SIMREC_HOME")
        os.environ["SIMREC_HOME"] = home
        try:
            for name, (program, run, events, stops) in LOGS.items():
                asked = [["events", *events], *(["replay", "--at", str(stop)] for stop in stops)]
                yield HERE / f"{name}.txt", _document(program, run, asked)
            os.environ["SIMREC_HOME"] = f"{home}/v1"
            with tarfile.open(V1_HOME) as packed:
                packed.extractall(f"{home}/v1", filter="data")
            for name, stops in V1.items():
                yield HERE / f"v1_{name}.txt", _old_document(f"{name}-parquet", stops)
        finally:
            os.environ.pop("SIMREC_HOME")
            if before is not None:
                os.environ["SIMREC_HOME"] = before


def _document(program: str, options: list[str], asked: list[list[str]]) -> str:
    """The commands, each with its output. A run's id is random: it reads RUN."""
    summary = _say("run", program, *options, stream="errors")
    run = summary.split("simrec: run ")[1].split(":")[0]
    parts = [f"$ simrec run {' '.join([program, *options])}\n{_say('replay', run).splitlines()[-1]}\n"]
    parts += [f"$ simrec {' '.join(words)}\n{_say(*words, run)}" for words in asked]
    return "\n".join(parts).replace(run, "RUN")


def _old_document(run: str, stops: list[int]) -> str:
    """The states of a run that is there already."""
    parts = [f"$ simrec replay --at {stop}\n{_say('replay', '--at', str(stop), run)}" for stop in stops]
    return re.sub(r"(?m)^run \w+,", "run RUN,", "\n".join(parts))


def _say(*words: str, stream: str = "output") -> str:
    """What a command prints."""
    from simrec.cli import app

    output, errors = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        app(list(words), prog_name="simrec", standalone_mode=False)
    chosen = output if stream == "output" else errors
    text: str = chosen.buffer.getvalue().decode()  # type: ignore[attr-defined]
    return text


def main() -> None:
    """Write them all."""
    for path, text in (vocabulary(), *documents()):
        changed = not path.exists() or path.read_text(encoding="utf-8") != text
        path.write_text(text, encoding="utf-8")
        print(f"{'wrote' if changed else 'same '} {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
