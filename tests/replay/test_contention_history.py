"""What counts as held, waited for and blocked by: histories small enough to do by hand."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from replay.analyses.lock_history import LockHistory
from replay.analyses.lock_moves import LockMoves
from replay.locks import Entry, Role

LOCK, TRY, UNLOCK, SPIN, UNSPIN, WAIT, POST = range(7)
ENTRIES = [
    Entry(index, name, Role(name, kind, role))
    for index, (name, kind, role) in enumerate(
        [
            ("lock", "mutex", "acquire"),
            ("try", "mutex", "try"),
            ("unlock", "mutex", "release"),
            ("spin", "spinlock", "acquire"),
            ("unspin", "spinlock", "release"),
            ("wait", "semaphore", "acquire"),
            ("post", "semaphore", "release"),
        ]
    )
]
#: (seq of the call, tid, function, lock, seq of the return or -1[, result])
Call = tuple[int, ...]


def moves(calls: list[Call], last: int = 1000) -> LockMoves:
    """Ticks are ten times seqs; a call's pc is 100 x tid."""
    rows = [(*call, 0)[:6] for call in calls]
    seq, tid, entry, lock, back, result = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    return LockMoves(
        entries=ENTRIES, last=last, seq=seq, tick=seq * 10, tid=tid, pc=tid * 100, entry=entry, lock=lock,
        return_seq=back, return_tick=back * 10, result=result, use=seq * 0 + 1, sp=seq * 0,
    )  # fmt: skip


def history(
    calls: list[Call], sleeps: Sequence[tuple[int, int]] = (), exits: Sequence[tuple[int, int]] = ()
) -> LockHistory:
    """Sleeps and exits are (seq, tid)."""
    slept = tuple(np.array([sleep[i] for sleep in sleeps], np.int64) for i in (0, 1))
    return LockHistory(moves(calls), slept, [(seq, seq * 10, tid) for seq, tid in exits])


def told(made: LockHistory) -> list[Any]:
    return [
        (
            i.tid,
            i.acquired[0],
            i.released[0],
            i.outcome,
            i.contended,
            i.blocker.tid if i.blocker else i.poster,
        )
        for i in made.intervals
    ]


def test_nobody_waits() -> None:
    made = history([(1, 1, LOCK, 9, 3), (5, 1, UNLOCK, 9, 6), (7, 2, LOCK, 9, 9), (11, 2, UNLOCK, 9, 12)])
    assert told(made) == [(1, 3, 5, "released", False, 0), (2, 9, 11, "released", False, 0)]
    assert made.intervals[0].requested == (1, 10)
    assert made.intervals[0].duration == 20


def test_a_sleeper_waits_for_the_holder() -> None:
    made = history(
        [(1, 1, LOCK, 9, 3), (4, 2, LOCK, 9, 20), (10, 1, UNLOCK, 9, 12), (25, 2, UNLOCK, 9, 26)], [(6, 2)]
    )
    assert told(made) == [(1, 3, 10, "released", False, 0), (2, 20, 25, "released", True, 1)]


def test_a_spinner_waits_if_it_took_longer_than_others() -> None:
    made = history([(1, 1, SPIN, 9, 3), (4, 2, SPIN, 9, 20), (10, 1, UNSPIN, 9, 12), (25, 2, UNSPIN, 9, 26)])
    assert told(made)[1] == (2, 20, 25, "released", True, 1)


def test_a_lock_given_back_just_in_time_is_no_contention() -> None:
    made = history([(1, 1, LOCK, 9, 3), (4, 2, LOCK, 9, 6), (5, 1, UNLOCK, 9, 7), (8, 2, UNLOCK, 9, 9)])
    assert told(made)[1] == (2, 6, 8, "released", False, 0)


def test_the_blocker_is_the_first_that_got_between() -> None:
    """2 and 3 ask while nobody holds it; 3 gets it first, 2 waits for 3."""
    made = history([(1, 2, SPIN, 9, 30), (2, 3, SPIN, 9, 5), (20, 3, UNSPIN, 9, 21), (40, 2, UNSPIN, 9, 41)])
    assert told(made) == [(2, 30, 40, "released", True, 3), (3, 5, 20, "released", False, 0)]


def test_a_recursive_mutex_is_held_until_the_last_release() -> None:
    made = history([(1, 1, LOCK, 9, 2), (3, 1, LOCK, 9, 4), (5, 1, UNLOCK, 9, 6), (7, 1, UNLOCK, 9, 8)])
    assert told(made) == [(1, 2, 7, "released", False, 0), (1, 4, 5, "released", False, 0)]
    assert made.locks[1, 9, "mutex"].holders == []


def test_a_lock_function_inside_of_another_counts_once() -> None:
    made = history([(1, 1, LOCK, 9, 6), (2, 1, LOCK, 9, 5), (10, 1, UNLOCK, 9, 14), (11, 1, UNLOCK, 9, 13)])
    assert told(made) == [(1, 6, 10, "released", False, 0)]
    assert made.locks[1, 9, "mutex"].stray_releases == 0


def test_other_locks_inside_of_a_lock_function_count() -> None:
    made = history([(1, 1, WAIT, 8, 9), (2, 1, LOCK, 9, 4), (5, 1, UNLOCK, 9, 6)])
    assert [(i.lock.address, i.outcome) for i in made.intervals] == [(8, "taken"), (9, "released")]


def test_who_locks_twice_waits_for_itself() -> None:
    made = history([(1, 1, LOCK, 9, 3), (5, 1, LOCK, 9, -1)], [(7, 1)])
    assert told(made) == [(1, 3, -1, "held", False, 0), (1, -1, -1, "waiting", True, 1)]
    assert list(made.locks[1, 9, "mutex"].waiters) == [1]


def test_threads_that_die_holding_and_waiting() -> None:
    made = history([(1, 1, LOCK, 9, 3), (4, 2, LOCK, 9, -1)], [(5, 2)], [(10, 1), (12, 2)])
    assert told(made) == [(1, 3, 10, "died holding", False, 0), (2, -1, 12, "died waiting", True, 1)]
    assert [holder.tid for holder in made.locks[1, 9, "mutex"].holders] == [1], "the lock stays taken"
    assert not made.locks[1, 9, "mutex"].waiters


def test_a_release_that_nobody_saw() -> None:
    made = history([(1, 1, LOCK, 9, 3), (10, 2, LOCK, 9, 12), (15, 2, UNLOCK, 9, 16)])
    assert told(made)[0] == (1, 3, 12, "release not seen", False, 0)
    assert told(made)[1][:4] == (2, 12, 15, "released")


def test_a_release_by_another_thread_ends_the_hold() -> None:
    made = history([(1, 1, LOCK, 9, 3), (5, 2, UNLOCK, 9, 6), (7, 2, UNLOCK, 9, 8)])
    assert told(made) == [(1, 3, 5, "released", False, 0)]
    assert made.intervals[0].released_by == 2
    assert made.locks[1, 9, "mutex"].stray_releases == 1


@pytest.mark.parametrize(("result", "outcome"), [(0, "held"), (-16, "failed"), (0xFFFFFFF0, "failed")])
def test_a_try_has_the_lock_if_it_says_so(result: int, outcome: str) -> None:
    assert told(history([(1, 1, TRY, 9, 3, result)]))[0][3:] == (outcome, False, 0)


def test_a_failed_try_waits_for_nobody() -> None:
    made = history([(1, 1, LOCK, 9, 3), (4, 2, TRY, 9, 6, -16), (7, 1, UNLOCK, 9, 8)])
    assert told(made)[1] == (2, 6, -1, "failed", False, 0)


def test_a_semaphore_is_waited_for_but_not_held() -> None:
    made = history([(1, 1, WAIT, 8, 9), (5, 2, POST, 8, 6), (20, 1, WAIT, 8, 22)], [(3, 1)])
    assert told(made) == [(1, 9, -1, "taken", True, 2), (1, 22, -1, "taken", False, 0)]
    assert made.locks[1, 8, "semaphore"].holders == []


def test_locks_do_not_mix() -> None:
    made = history([(1, 1, LOCK, 9, 3), (4, 2, LOCK, 8, 6), (7, 2, UNLOCK, 8, 9), (11, 1, UNLOCK, 9, 12)])
    assert told(made) == [(1, 3, 11, "released", False, 0), (2, 6, 7, "released", False, 0)]


def test_what_matters_last_gives_the_same_present() -> None:
    """Random histories: the state at the end is the same from the calls that matter last as from all."""
    random = np.random.default_rng(7)
    for _ in range(300):
        calls = _random_calls(random)
        full, short = moves(calls), moves(calls).that_matter_last()
        assert len(short) <= len(full)
        assert _present(full) == _present(short)


def _random_calls(random: np.random.Generator) -> list[Call]:
    calls, seq = [], 0
    held: dict[int, int] = {}
    for _ in range(int(random.integers(1, 40))):
        seq += 3
        lock, tid = int(random.integers(1, 4)), int(random.integers(1, 4))
        function = int(random.choice([LOCK, TRY, UNLOCK, UNLOCK]))
        if function == LOCK and held.get(lock, tid) != tid:
            continue
        result = int(random.choice([0, -16])) if function == TRY and held.get(lock, tid) == tid else -16
        if function == LOCK or (function == TRY and result == 0):
            held[lock] = tid
        elif function == UNLOCK and random.random() < 0.9:
            held.pop(lock, None)
        calls.append((seq, tid, function, lock, seq + 1, result))
    if not calls or random.random() < 0.5:
        calls.append((seq + 3, 9, LOCK, int(random.integers(1, 4)), -1))
    return calls


def _present(found: LockMoves) -> list[Any]:
    nothing = np.empty(0, np.int64)
    made = LockHistory(found, (nothing, nothing), [])
    return sorted(
        (address, [(h.tid, h.acquired) for h in lock.holders], list(lock.waiters))
        for address, lock in made.locks.items()
        if lock.holders or lock.waiters
    )
