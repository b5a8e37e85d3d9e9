"""Names and texts that would steer a terminal are shown, and not sent to it."""

from pathlib import Path

from console import Simrec

#: Colours, a window's title, and the one-byte form of the same introducer.
HOSTILE = ("\x1b[31m", "\x1b]0;title\x07", "\x9b31m")


def test_no_listing_steers_the_terminal(simrec: Simrec, tmp_path: Path) -> None:
    text = "        .globl main\nmain:   li a0, 0  # \x1b[31m\n        ret\n"
    path = tmp_path / f"{HOSTILE[0]}program.asm"
    path.write_text(text)
    more = ("--env", f"X={HOSTILE[1]}", path, f"argument{HOSTILE[2]}")
    run = simrec("run", "--name", f"name{HOSTILE[1]}", *more)
    other = simrec("run", path)
    answers = [
        run,
        other,
        simrec("runs"),
        simrec("recover"),
        simrec("gc"),
        simrec("replay", f"nam{HOSTILE[0]}"),
    ]
    for command in ("replay", "stats", "contention", "memory", "schedule", "verify"):
        answers.append(simrec(command, run.run))
    answers.append(simrec("events", "--all", run.run))
    answers.append(simrec("query", "select * from run_options", run.run))
    answers.append(simrec("diff", run.run, other.run))
    answers.append(simrec("rm", run.run))
    for answer in answers:
        for line in (answer.output + answer.errors).split("\n"):
            assert line.isprintable(), line
