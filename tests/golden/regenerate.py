"""The golden logs: listings and states of small programs, word for word.

``make golden`` (``python -m tests.golden.regenerate``) writes them anew; look at the difference before you
commit it. Runs are deterministic, so `test_golden` compares exactly.
"""

import contextlib
import io
import os
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


def documents() -> Iterator[tuple[Path, str]]:
    """Each golden file and what it should hold."""
    with tempfile.TemporaryDirectory() as home, contextlib.chdir(ROOT):
        before = os.environ.get("SIMREC_HOME")
        os.environ["SIMREC_HOME"] = home
        try:
            for name, (program, run, events, stops) in LOGS.items():
                asked = [["events", *events], *(["replay", "--at", str(stop)] for stop in stops)]
                yield HERE / f"{name}.txt", _document(program, run, asked)
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
    for path, text in documents():
        changed = not path.exists() or path.read_text(encoding="utf-8") != text
        path.write_text(text, encoding="utf-8")
        print(f"{'wrote' if changed else 'same '} {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
