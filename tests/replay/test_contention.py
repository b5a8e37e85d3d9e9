"""Lock statistics of recorded programs: what a user reads about who waited for what."""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import rig

from replay.analyses.contention import contention, locks_at
from replay.analyses.lock_moves import lock_moves
from replay.locks import BadRoles, read_roles
from replay.recording import Recording

ROLES = """
[[function]]
name = "enter"
kind = "spinlock"
role = "acquire"
lock = "a2"

[[function]]
name = "leave"
kind = "spinlock"
role = "release"
lock = "a2"
"""


def locks_of(found: Any) -> dict[str, dict[str, Any]]:
    return {row["lock"]: row for row in found.locks.to_pylist()}


def total(table: pa.Table, column: str, **where: Any) -> int:
    rows = [row for row in table.to_pylist() if all(row[name] == value for name, value in where.items())]
    return sum(row[column] for row in rows)


@pytest.mark.parametrize("seed", [0, 3])
@pytest.mark.parametrize(("name", "kind"), [("counter_mutex", "mutex"), ("counter_spin", "spinlock")])
def test_the_one_lock_of_the_counters(example: Any, name: str, kind: str, seed: int) -> None:
    found = contention(example(name, seed=seed).recording.log)
    (lock,) = found.locks.to_pylist()
    assert (lock["lock"], lock["kind"], lock["acquisitions"]) == ("counter_lock", kind, 4000)
    assert 0 < lock["contentions"] <= 4000
    assert lock["wait_total"] == total(found.points, "wait_total") == total(found.blockers, "wait_total")
    assert lock["contentions"] == total(found.points, "contentions") == total(found.blockers, "contentions")
    assert lock["wait_min"] <= lock["wait_avg"] <= lock["wait_max"]
    assert lock["hold_min"] <= lock["hold_avg"] <= lock["hold_max"]
    (point,) = found.points.to_pylist()
    assert point["site"] == "worker"
    assert point["source"].rpartition("/")[2].startswith(f"{name}.asm:")
    for row in found.blockers.to_pylist():
        assert row["waiter"] != row["blocker"]
        assert {row["waiter"], row["blocker"]} <= {2, 3, 4, 5}
    assert found.notes == ()


@pytest.mark.parametrize("name", ["counter_mutex", "counter_spin", "producer_consumer", "generator"])
def test_holds_of_a_lock_never_overlap(example: Any, name: str) -> None:
    intervals = contention(example(name).recording.log).intervals.to_pylist()
    held: dict[str, list[tuple[int, int]]] = {}
    for row in intervals:
        assert row["requested_seq"] < row["acquired_seq"]
        if row["hold"] is not None:
            assert row["acquired_seq"] < row["released_seq"]
            held.setdefault(row["lock"], []).append((row["acquired_seq"], row["released_seq"]))
    for spans in held.values():
        spans.sort()
        assert all(before[1] < after[0] for before, after in pairwise(spans))


def test_every_futex_wait_of_a_worker_is_a_contention(example: Any) -> None:
    log = example("counter_mutex").recording.log
    waits = [row for row in log.table("futex").to_pylist() if row["action"] == "wait" and row["tid"] != 1]
    slept = [row for row in contention(log).intervals.to_pylist() if row["slept"]]
    assert waits
    for wait in waits:
        (around,) = [
            row
            for row in slept
            if row["tid"] == wait["tid"] and row["requested_seq"] < wait["seq"] < row["acquired_seq"]
        ]
        assert around["address"] == wait["address"]
        assert around["contended"]


def test_semaphores_are_waited_for_and_not_held(example: Any) -> None:
    found = contention(example("producer_consumer").recording.log)
    locks = locks_of(found)
    assert set(locks) == {"free_slots", "filled_slots", "buffer_lock"}
    assert locks["free_slots"]["acquisitions"] == locks["filled_slots"]["acquisitions"] == 100
    assert locks["buffer_lock"]["acquisitions"] == 200
    assert locks["free_slots"]["hold_total"] is None
    blockers = found.blockers.to_pylist()
    # Producers (2, 3) wait for slots that consumers (4, 5) free, and the other way round.
    assert {row["blocker"] for row in blockers if row["lock"] == "free_slots"} <= {4, 5}
    assert {row["blocker"] for row in blockers if row["lock"] == "filled_slots"} <= {2, 3}


def test_a_deadlock_shows_who_holds_what(example: Any) -> None:
    log = example("deadlock").recording.log
    found = contention(log)
    locks = locks_of(found)
    assert {name: lock["never_acquired"] for name, lock in locks.items()} == {
        "first_lock": 1,
        "second_lock": 1,
    }
    assert len(found.notes) == 4
    held = {lock.name: lock for lock in locks_at(Recording(log), log.end_seq - 1)}
    assert (held["first_lock"].holder, held["second_lock"].holder) == (2, 3)
    assert [waiter.tid for waiter in held["first_lock"].waiters] == [3]
    assert [waiter.tid for waiter in held["second_lock"].waiters] == [2]
    assert "deadlock.asm:" in held["first_lock"].site


def test_tail_calls_are_seen(example: Any) -> None:
    """free ends in `tail mutex_unlock`, which leaves no call event. Its site is the program's own call."""
    log = example("generator").recording.log
    intervals = contention(log).intervals.to_pylist()
    assert {row["lock"] for row in intervals} == {"malloc_lock"}
    assert {row["outcome"] for row in intervals} == {"released"}
    released = {log_place(log, row["release_pc"]) for row in intervals}
    assert released == {"main", "squares"}


def log_place(log: Any, pc: int) -> str:
    name: str = log.code[1, pc][-1].function
    return name


@pytest.mark.parametrize("store", ["parquet", "sqlite"])
def test_locks_at_agrees_with_the_intervals(example: Any, store: str) -> None:
    log = example("counter_mutex", store=store).recording.log
    intervals = contention(log).intervals.to_pylist()
    for seq in range(100, log.end_seq, log.end_seq // 23):
        holder = [row["tid"] for row in intervals if row["acquired_seq"] <= seq < row["released_seq"]]
        waiting = [row["tid"] for row in intervals if row["requested_seq"] <= seq < row["acquired_seq"]]
        locks = locks_at(Recording(log), seq)
        if not holder and not waiting:
            assert locks == []
            continue
        (lock,) = locks
        assert [lock.holder] == (holder or [0])
        assert sorted(waiter.tid for waiter in lock.waiters) == sorted(waiting)


def test_locks_at_a_moment_reads_nothing_later(example: Any) -> None:
    log = example("deadlock").recording.log
    assert locks_at(Recording(log), 20) == []


OWN = """
_start: la a2, gate
        call enter
        nop
        call leave
        li s0, 3
again:  la a2, gate+4
        call enter
        call out
        addi s0, s0, -1
        bnez s0, again
        sys SYS_EXIT_GROUP, 0
out:    tail leave
enter:  li t0, 1
1:      amoswap.w.aq t0, t0, (a2)
        bnez t0, 1b
        ret
leave:  amoswap.w.rl zero, zero, (a2)
        ret
        .data
        .align 3
gate:   .dword 0, 0
"""


def test_own_functions_by_a_roles_file(record: Any, tmp_path: Path) -> None:
    """By hand: enter and leave take the lock in a2, once for gate and three times for gate+4, the latter
    left by a tail call; held from enter's return to leave's call."""
    log = record(OWN, harts=1).recording.log
    assert contention(log).locks.num_rows == 0
    path = tmp_path / "roles.toml"
    path.write_text(ROLES)
    found = contention(log, read_roles(path))
    locks = locks_of(found)
    assert {name: lock["acquisitions"] for name, lock in locks.items()} == {"gate": 1, "gate+4": 3}
    assert found.notes == ()
    # After enter's ret a nop and the call: auipc and jalr, or one jal.
    assert locks["gate"]["hold_max"] in (2, 3)
    # A call of out and its jump.
    assert locks["gate+4"]["never_released"] == 0
    assert 2 <= locks["gate+4"]["hold_min"] == locks["gate+4"]["hold_max"] <= 4


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", ["roles.toml"]),
        ("lock = []", ["unknown key 'lock'"]),
        ("", ["no [[function]] entries"]),
        ("sites = 1", ["wrappers, libraries"]),
        ('[[function]]\nname = "x"\nkind = "mutex"\nrole = "try"\nsuccess = "no"', ["a whole number"]),
        ('[[function]]\nname = "x"\nkind = "mutax"\nrole = "acquire"', ["kind is one of mutex", "'mutax'"]),
        ('[[function]]\nname = "x"\nkind = "mutex"', ["role is one of acquire", "None"]),
        ('[[function]]\nname = "x"\nkind = "mutex"\nrole = "try"\nlock = "s1"', ["lock is one of a0"]),
        ('[[function]]\nname = "x"\nkind = "mutex"\nrole = "try"\nlok = "a1"', ["unknown key 'lok'"]),
        ('[[function]]\nkind = "mutex"\nrole = "try"', ["wants a name"]),
    ],
)
def test_bad_roles_files(tmp_path: Path, text: str, words: list[str]) -> None:
    path = tmp_path / "roles.toml"
    path.write_text(text)
    with pytest.raises(BadRoles) as failure:
        read_roles(path)
    for word in words:
        assert word in str(failure.value)


def test_a_missing_roles_file(tmp_path: Path) -> None:
    with pytest.raises(BadRoles, match="can't be read"):
        read_roles(tmp_path / "nothing.toml")


def test_a_run_cut_in_the_middle(record: Any) -> None:
    log = record(rig.EXAMPLES / "counter_mutex.asm", max_events=50_000).recording.log
    found = contention(log)
    (lock,) = found.locks.to_pylist()
    assert lock["acquisitions"] + lock["never_acquired"] == found.intervals.num_rows
    held = locks_at(Recording(log), log.end_seq - 1)
    assert lock["never_acquired"] == sum(len(lock.waiters) for lock in held)
    assert bool(found.notes) == bool(lock["never_acquired"] or lock["never_released"])


def test_both_stores_agree(example: Any) -> None:
    parquet, sqlite = (
        contention(example("counter_spin", store=s).recording.log) for s in ("parquet", "sqlite")
    )
    assert parquet.intervals.equals(sqlite.intervals)
    assert parquet.locks.equals(sqlite.locks)


def test_command(example: Any, simrec: Callable[..., Any]) -> None:
    shown = simrec(example("counter_mutex"), "contention")
    assert shown.exit_code == 0
    assert any(line.split()[:3] == ["counter_lock", "mutex", "4,000"] for line in shown.stdout.splitlines())
    assert "Where threads waited" in shown.stdout
    assert "Whom they waited for" in shown.stdout
    document = json.loads(simrec(example("counter_mutex"), "contention", "--json").stdout)
    assert [lock["lock"] for lock in document["locks"]] == ["counter_lock"]
    assert sum(row["contentions"] for row in document["blockers"]) == document["locks"][0]["contentions"]


def test_command_without_contention(example: Any, simrec: Callable[..., Any]) -> None:
    assert "Nobody ever had to wait." in simrec(example("generator"), "contention").stdout


def test_command_without_locks_says_how_to_name_them(example: Any, simrec: Callable[..., Any]) -> None:
    shown = simrec(example("fib"), "contention")
    assert (shown.exit_code, shown.stdout) == (0, "")
    assert "--locks FILE.toml" in shown.stderr


def test_command_with_roles(record: Any, simrec: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "roles.toml"
    path.write_text(ROLES)
    shown = simrec(record(OWN, harts=1), "contention", "--locks", str(path))
    assert any(line.split()[:3] == ["gate+4", "spinlock", "3"] for line in shown.stdout.splitlines())


@pytest.mark.parametrize("program", ["counter_mutex", "producer_consumer", "deadlock"])
def test_what_is_held_needs_no_closed_acquisitions(
    example: Any, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leaving out what was taken and given back changes no answer."""
    log = example(program).recording.log
    moments = range(60, log.end_seq, max(1, log.end_seq // 12))
    short = [locks_at(Recording(log), seq) for seq in moments]

    def all_moves(*arguments: Any, **_: Any) -> Any:
        return lock_moves(*arguments)

    monkeypatch.setattr("replay.analyses.contention.lock_moves", all_moves)
    assert short == [locks_at(Recording(log), seq) for seq in moments]
    assert any(short)
