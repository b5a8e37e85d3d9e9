"""What a recorded run can be asked, as the user reads it; and all of it as JSON."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from console import PROGRAMS, ROOT, Simrec

Shelf = Callable[..., Simrec]


def table(text: str) -> list[list[str]]:
    """Rows of an aligned table, cut at two or more blanks."""
    return [[cell for cell in line.split("  ") if cell.strip()] for line in text.splitlines()]


def test_events_are_aligned_and_readable(shelf: Shelf) -> None:
    answer = shelf("hello.asm")("events")
    heading, *lines = answer.output.splitlines()
    assert heading.split() == ["seq", "tick", "hart", "tid", "source", "event", "effect"]
    source, event, effect = (heading.index(f"  {name}") + 2 for name in ("source", "event", "effect"))
    assert [line.split()[0] for line in lines] == [str(seq) for seq in range(len(lines))]
    for line in lines:
        assert {line[column - 1 : column] for column in (source, event, effect)} <= {" ", ""}, line
    loads = next(line for line in lines if "greeting" in line and "lbu" in line)
    assert loads[source:event].strip() == "runtime/string.s:15"
    assert loads[event:effect].strip() == "lbu t1,0(t0)"
    assert loads[effect:] == "t1 = 72 <- [greeting]"
    text = answer.output
    assert "write(1, 0x11000 <greeting>, 14)" in text
    assert "fd 1: 'Hello, world!\\n'" in text
    assert "call print_str, a0 = 0x11000 <greeting>" in text
    assert max(map(len, lines)) <= 110


def test_filters_compose(shelf: Shelf) -> None:
    ask = shelf("producer_consumer.asm")
    whole = [json.loads(line) for line in ask("events", "--all", "--json").output.splitlines()]
    assert [event["seq"] for event in whole] == list(range(len(whole)))
    some = ask(
        "events", "--kind", "futex", "--kind", "thread", "--thread", 3, "--from", 500, "--to", 9000, "--json"
    )
    wanted = [
        event
        for event in whole
        if event["kind"] in ("futex", "thread") and event["tid"] == 3 and 500 <= event["seq"] <= 9000
    ]
    assert [json.loads(line) for line in some.output.splitlines()] == wanted
    assert wanted
    switches = ask("events", "--kind", "context_switch", "--thread", 2, "--all", "--json").output.splitlines()
    assert switches
    assert all(2 in (json.loads(line)["prev"], json.loads(line)["next"]) for line in switches)


def test_long_listings_say_how_to_go_on(shelf: Shelf) -> None:
    ask = shelf("fib.asm")
    first = ask("events")
    assert len(first.output.splitlines()) == 201
    assert "go on with --from 200, or --all" in first.errors
    assert len(ask("events", "--to", 299).output.splitlines()) == 301
    assert len(ask("events", "--all").output.splitlines()) > 20_000


def test_replay_of_one_thread(shelf: Shelf) -> None:
    ask = shelf("hello.asm")
    calls = [line for line in ask("events").output.splitlines() if " call print_str, " in line]
    text = ask("replay", "--at", calls[0].split()[0]).output
    for line in (
        "  examples/hello.asm:19 | call print_str",
        "  stack on hart 0, thread 1: call print_str, a0 = 0x11000 <greeting>",
        "hart 1  idle",
        "run queue: empty",
        "thread 1: running on hart 0",
        "  next runtime/print.s:81 <print_str>",
        "    #0   print_str  runtime/print.s:81",
        "    #1   main       examples/hello.asm:19 | call print_str",
        "    #2   _start     runtime/crt0.s:44 | call main",
        "    main  sp+0   0",
        "          sp+8   0x10074 <_start+76>",
    ):
        assert f"\n{line}" in text
    assert "names: ra main+24, tp main_thread, a0 greeting" in text


def test_replay_marks_what_changed(shelf: Shelf) -> None:
    ask = shelf("hello.asm")
    listed = {int(line.split()[0]): line for line in ask("events").output.splitlines()[1:]}
    seq = next(seq for seq, line in listed.items() if "lbu t1,0(t0)" in line and "= 101 " in line)
    text = ask("replay", "--at", seq).output
    assert "*t1 101" in text
    assert text.count("*") == 1


def test_replay_of_a_suspended_coroutine(shelf: Shelf) -> None:
    ask = shelf("generator.asm")
    saved = [
        json.loads(line)
        for line in ask("events", "--kind", "coroutine", "--all", "--json").output.splitlines()
        if '"saved"' in line
    ]
    assert len(saved) == 10
    text = ask("replay", "--at", saved[2]["seq"]).output
    for line in (
        "suspended, saved by thread 1, 208 bytes on the heap",
        "  resumes at examples/generator.asm:33 <squares+40> | addi s1, s1, 1",
        "    +16   state        1 (suspended)",
        "    +40   value        9",
        "    +48   s0 10, s1 3, s2 0, s3 0, s4 0, s5 0",
        "    +160  entry        0x10000 <squares>",
        "  stack slice, 32 bytes at 0x",
        "    #0   squares ",
    ):
        assert line in text
    destroyed = ask("replay").output
    assert "coroutine" not in destroyed


def test_replay_shows_what_the_scheduler_goes_by(shelf: Shelf) -> None:
    ask = shelf("jobs.asm", "--harts", "1", "--scheduler", "mlfq", "--affinity", "1=0")
    shown = ask("replay", "--at", 40000).output
    assert "  scheduling: level 2\n" in shown and "  scheduling: nice -5, level" in shown
    listed = ask("events", "--kind", "scheduling", "--all").output
    assert "thread 3 has nice -2" in listed and "thread 2 has level 1" in listed
    states = json.loads(ask("replay", "--at", 40000, "--json").output)
    assert {thread["nice"] for thread in states["threads"]} == {0, -2, -5}


def test_replay_of_a_deadlock(shelf: Shelf) -> None:
    text = shelf("deadlock.asm")("replay").output
    for line in (
        "thread 1: blocked, waits for thread 2 to end",
        "thread 2: blocked, waits for mutex second_lock, held by thread 3",
        "    #1   forward (now in backward)  examples/deadlock.asm:57 | call mutex_lock",
        "  mutex first_lock: held by thread 2 since event ",
        "    awaited by thread 3 since event ",
        "output so far on fd 1 (60 bytes)\n  has one lock, wants the other\n",
        "the run has ended: deadlock, status 3",
    ):
        assert line in text


def test_replay_of_a_deep_recursion(simrec: Simrec, write: Callable[..., Path]) -> None:
    body = "        .globl main\nmain:   li a0, 1500\nf:      addi sp, sp, -16\n        sd ra, 8(sp)\n"
    body += "        addi a0, a0, -1\n        beqz a0, 1f\n        call f\n1:      ebreak\n"
    fault = simrec("run", write(body)).errors.splitlines()[-1].split("simrec ")[1]
    text = simrec(*fault.split()).output
    assert "inner calls, too deep to be kept" in text
    assert "calls not shown" in text
    assert "_start" in text


@pytest.mark.parametrize("program", ["producer_consumer.asm", "barrier.asm", "quicksort.asm"])
def test_any_event_can_be_shown(shelf: Shelf, program: str) -> None:
    ask = shelf(program)
    last = int(ask("replay").output.split(" of ")[1].split(",")[0])
    for seq in range(0, last + 1, last // 6):
        text = ask("replay", "--at", seq).output
        assert text.startswith("run ")
        assert f"just after event {seq} of {last}, tick " in text
        assert max(map(len, text.splitlines())) <= 110


@pytest.mark.parametrize(
    "arguments",
    [
        ("replay", "--at", "900"),
        ("replay",),
        ("stats",),
        ("contention",),
        ("query", "select * from thread"),
        ("query", "select * from output"),
    ],
)
def test_json_is_json_and_alone(shelf: Shelf, arguments: tuple[str, ...]) -> None:
    ask = shelf("deadlock.asm" if arguments[-1] != "900" else "generator.asm")
    answer = ask(*arguments, "--json")
    assert answer.status == 0
    found: Any = json.loads(answer.output)
    assert found


def test_runs_are_listed_with_their_options_as_typed(simrec: Simrec, tmp_path: Path) -> None:
    options = [
        "--ram",
        "32",
        "--stack",
        "64",
        "--env",
        "A=1",
        "--env",
        "B=2",
        "--mount",
        f"{tmp_path}:/data:rw",
        *("--nice", "1=-3", "--affinity", "1=1", "--scheduler", "mlfq:levels=2"),
    ]
    simrec("run", "examples/hello.asm", *options)
    listed = simrec("runs").output
    for typed in ("--ram 32", "--stack 64", "--env A=1 --env B=2", "--mount /data:rw", "--nice 1=-3"):
        assert typed in listed
    assert "--affinity 1=1 --nice 1=-3" in listed and "--scheduler mlfq:levels=2" in listed


def test_json_of_runs_diff_and_disasm(simrec: Simrec) -> None:
    first = simrec("run", "examples/hello.asm", "--name", "a", "--seed", 4).run
    second = simrec("run", "examples/hello.asm", "--quantum", 70, "x").run
    runs = json.loads(simrec("runs", "--json").output)
    assert [run["run"] for run in runs] == [second, first]
    assert runs[0]["options"]["quantum"] == 70
    listed = simrec("runs").output
    assert "hello.asm x" in listed and "--quantum 70" in listed and "--seed 4" in listed
    parted = json.loads(simrec("diff", first, second, "--json").output)
    assert parted["a"] == first and parted["seq"] is not None
    lines = json.loads(simrec("disasm", "examples/hello.asm", "--json").output)
    assert lines[0]["label"] == "main"
    state = json.loads(simrec("replay", "--at", 60, "--json").output)
    assert state["event"]["kind"] == "instruction"
    assert state["threads"][0]["registers"]["sp"] > 0


def test_what_diff_says_to_type_shows_both_sides(simrec: Simrec) -> None:
    race = "examples/counter_race.asm"
    first, second = (simrec("run", race, "--seed", seed).run for seed in (1, 2))
    text = simrec("diff", first, second).output
    ours = re.findall(r"simrec (events --from \d+ --to \d+ [0-9a-f]{8})", text)
    assert [command.split()[-1] for command in ours] == [first, second] * 2
    for command, letter in zip(ours[2:], "AB", strict=True):
        data = re.search(rf"^    {letter} event (\d+), .*ld t2,0\(t0\)  (t2 = \d+)", text, re.M)
        assert data is not None
        shown = simrec(*command.split()).output.splitlines()
        assert any(line.split()[0] == data[1] and data[2] in line for line in shown), (letter, command)


def test_asm_and_disasm_and_running_the_elf(simrec: Simrec, tmp_path: Path) -> None:
    target = tmp_path / "out.elf"
    made = simrec("asm", "examples/hello.asm", "-o", target)
    assert (made.status, made.output.split(":")[0]) == (0, str(target))
    assert simrec("run", target).output == "Hello, world!\n"
    text = simrec("disasm", target).output
    assert "<main>:" in text and "examples/hello.asm:16" in text
    assert "examples/hello.asm:19" in simrec("events", "--from", 30, "--to", 60).output


def test_rm_and_the_latest(simrec: Simrec) -> None:
    one = simrec("run", "examples/hello.asm").run
    two = simrec("run", "examples/hello.asm").run
    assert simrec("replay").output.startswith(f"run {two},")
    assert simrec("rm", "latest", one[:7]).output.count("removed ") == 2
    assert "no runs yet; record one: simrec run" in simrec("runs").errors


def test_help_is_quick_to_read(simrec: Simrec) -> None:
    assert simrec().output.strip() == simrec("--help").output.strip()
    for command in (
        "run",
        "runs",
        "rm",
        "replay",
        "events",
        "diff",
        "stats",
        "contention",
        "timeline",
        "query",
    ):
        assert command in simrec("--help").output
        answer = simrec(command, "--help")
        assert answer.status == 0
        assert "[[" not in answer.output.replace("[[RUN]]", "[RUN]")
    assert simrec("--version").output.startswith("simrec ")


def test_every_example_runs(shelf: Shelf) -> None:
    assert PROGRAMS.is_dir()
    for path in sorted((ROOT / "examples").glob("*.asm")):
        status = {"deadlock.asm": 3, "stack_overflow.asm": 139}.get(path.name, 0)
        assert shelf(path.name)("run").status == status, path
