"""Lock statistics of programs that use the runtime library: each kind of lock under its own name, and where
the program itself waited."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import rig

from replay.analyses.contention import contention

PROGRAMS = rig.ROOT / "tests" / "runtime" / "programs"


@pytest.fixture(scope="module")
def found(record: Callable[..., rig.Recorded]) -> Callable[[str], Any]:
    """``found("queue_many")``: the lock statistics of that program of the runtime's tests."""
    made: dict[str, Any] = {}

    def of(name: str) -> Any:
        if name not in made:
            made[name] = contention(record(PROGRAMS / f"{name}.asm", harts=2).recording.log)
        return made[name]

    return of


def rows(table: Any, **where: Any) -> list[dict[str, Any]]:
    return [row for row in table.to_pylist() if all(row[name] == value for name, value in where.items())]


def test_readers_and_writers(found: Callable[[str], Any]) -> None:
    locks = found("rw_counters").locks
    (lock,) = locks.to_pylist()
    assert (lock["lock"], lock["kind"], lock["acquisitions"]) == ("lock", "rwlock", 500)
    assert rows(found("rw_together").locks)[0]["hold_total"] > 0


def test_all_but_the_last_wait_at_a_barrier(found: Callable[[str], Any]) -> None:
    (barrier,) = found("barrier_rounds").locks.to_pylist()
    assert (barrier["lock"], barrier["kind"]) == ("meeting", "barrier")
    assert (barrier["acquisitions"], barrier["contentions"]) == (4 * 20, 3 * 20)


def test_a_wait_for_a_condition_gives_the_mutex_back(found: Callable[[str], Any]) -> None:
    turns = found("cond_turns")
    (condition,) = rows(turns.locks, kind="condition")
    (mutex,) = rows(turns.locks, kind="mutex")
    assert condition["lock"] == "changed" and condition["contentions"] > 0
    assert mutex["acquisitions"] == 90 + condition["acquisitions"]
    assert mutex["hold_max"] < condition["wait_max"]
    assert turns.notes == ()


@pytest.mark.parametrize("kind", ["spinlock", "mutex", "rwlock"])
def test_every_lock_that_is_held(found: Callable[[str], Any], kind: str) -> None:
    """Four locks that spin, 4 x 300 times each, then the two that sleep, at the same address."""
    (lock,) = rows(found("lock_counters").locks, kind=kind)
    assert lock["acquisitions"] == (4 if kind == "spinlock" else 1) * 1200
    assert lock["contentions"] > 0


def test_who_waits_at_a_queue_is_the_program(found: Callable[[str], Any]) -> None:
    """Producers for room and consumers for items, where they put and get."""
    points = partial(rows, found("queue_many").points)
    (room,), (item,) = points(lock="queue+24"), points(lock="queue+8")
    assert room["site"] == item["site"] == "worker"
    assert room["source"] != item["source"]
    sources = [row["source"].rpartition(":")[0].rpartition("/")[2] for row in points()]
    assert set(sources) == {"queue_many.asm"}


def test_threads_of_a_pool_wait_on_their_own_account(found: Callable[[str], Any]) -> None:
    points = found("pool_tasks").points.to_pylist()
    assert {row["site"] for row in points} == {"pool_thread", "main"}
    waits = rows(found("pool_tasks").locks, kind="condition")
    assert sum(row["contentions"] for row in waits) > 0
