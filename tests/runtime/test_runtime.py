"""The runtime library and the examples, run as programs: what they print and how they end."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from expectation import PROGRAMS, Expectation
from runners import Simrec

ROOT = Path(__file__).parents[2]
RUNTIME = sorted((ROOT / "sim" / "runtime").glob("*.s"))
EXAMPLES = ROOT / "examples"

PRIMES = "2 3 5 7 11 13 17 19 23 29 31 37 41 43 47 53 59 61 67 71 73 79 83 89 97 \n25 primes below 100\n"

Run = Callable[..., tuple[str, int | None]]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
def test_program(run: Run, program: Path) -> None:
    expected = Expectation.of(program)
    stdout, status = run(program, expected.arguments, expected.stdin)
    assert (stdout, status) == (expected.stdout, expected.status)


@pytest.mark.parametrize(
    ("name", "arguments", "stdout", "status"),
    [
        ("hello", [], "Hello, world!\n", 0),
        ("counter_mutex", [], "counter = 4000, expected 4000\n", 0),
        ("counter_spin", [], "counter = 4000, expected 4000\n", 0),
        ("counter_atomic", [], "counter = 4000, expected 4000\n", 0),
        ("generator", [], "1 4 9 16 25 36 49 64 81 100 \nend of squares\n", 0),
        ("producer_consumer", [], "consumed 100 items, sum = 5050\n", 0),
        ("stack_overflow", [], "going down\n", 128 + 11),
        ("fib", [], "fib(15) = 610\n", 0),
        ("fib", ["20"], "fib(20) = 6765\n", 0),
        ("primes", [], PRIMES, 0),
        ("tls", [], "sum = 4000, expected 4000\nmain's own hits = 0\n", 0),
        ("thread_pool", [], "550 primes below 4000, counted by 4 threads\n", 0),
        ("thread_pool", ["1"], "550 primes below 4000, counted by 1 threads\n", 0),
        ("thread_pool", ["0"], "no pool of so many threads\n", 1),
    ],
)
def test_example(run: Run, name: str, arguments: list[str], stdout: str, status: int) -> None:
    assert run(EXAMPLES / f"{name}.asm", arguments) == (stdout, status)


def test_race_ends_well_whatever_it_counts(run: Run) -> None:
    stdout, status = run(EXAMPLES / "counter_race.asm")
    match = re.fullmatch(r"counter = (\d+), expected 4000\n", stdout)
    assert match is not None and 1 <= int(match[1]) <= 4000
    assert status == 0


@pytest.mark.parametrize("lock", ["rwlock", "mutex"])
def test_readers_never_see_a_table_half_changed(run: Run, lock: str) -> None:
    stdout, status = run(EXAMPLES / "rwlock.asm", [lock])
    match = re.fullmatch(
        r"tables seen half changed: 0\nmost readers at a time: (\d)\nevery entry: 20\n", stdout
    )
    assert match is not None and 1 <= int(match[1]) <= (1 if lock == "mutex" else 4)
    assert status == 0


@pytest.mark.parametrize("lock", ["tas", "ticket", "mcs"])
def test_every_turn_is_had_by_one(run: Run, lock: str) -> None:
    stdout, status = run(EXAMPLES / "fairness.asm", [lock])
    turns, together = stdout.splitlines()
    assert sum(map(int, turns.split())) == 1000
    assert (together, status) == ("together 1000", 0)


@pytest.mark.parametrize("lock", ["ticket", "mcs"])
def test_fair_locks_give_everybody_the_same(lock: str) -> None:
    """With a hart for each of the four threads; each stands in line again when it has had its turn."""
    stdout, _ = Simrec(4).run(EXAMPLES / "fairness.asm", [lock])
    turns = [int(each) for each in stdout.splitlines()[0].split()]
    assert max(turns) - min(turns) <= 10


def test_deadlock_hangs(run: Run) -> None:
    """On a busy real machine the threads may miss each other now and then, so it has a few tries."""
    for _ in range(5):
        stdout, status = run(EXAMPLES / "deadlock.asm", seconds=2.0)
        assert stdout.startswith("has one lock, wants the other\n" * 2)
        if status is None:
            return
        assert (stdout.splitlines()[-1], status) == ("no deadlock this time", 0)
    pytest.fail("five runs without a deadlock")


@pytest.mark.parametrize("source", sorted(EXAMPLES.glob("*.asm")), ids=lambda source: source.stem)
def test_example_says_what_it_shows(source: Path) -> None:
    head = source.read_text().split("\n\n")[0]
    assert head.startswith(f"# {source.name} - ")
    assert "\n# Shows: " in head and "\n# Try: " in head


@pytest.mark.parametrize("source", RUNTIME, ids=lambda source: source.stem)
def test_every_function_says_its_contract(source: Path) -> None:
    """Each global function has a comment block: name, arguments, and what it gives or clobbers."""
    text = source.read_text()
    assert text.startswith(f"# {source.name} - ")
    assert "rotects" in text or "no state" in text
    code = re.split(r"^ +\.(?:bss|data|section .*)\n", text, flags=re.MULTILINE)[0]
    for name in re.findall(r"^ +\.globl +(\w+)$", code, re.MULTILINE):
        block = re.search(rf"^# {name} - (?:.*\n)(?:#.*\n)*", code, re.MULTILINE)
        assert block is not None, f"{name} has no comment block"
        for part in ("\n# In: ", "\n# Result: "):
            assert part in block[0], f"{name} does not say{part[1:]}"
        ends = "never returns" in block[0] or name == "_start"
        assert ends or "\n# Clobbers: " in block[0], f"{name} does not say what it clobbers"
