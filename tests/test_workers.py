"""Worker processes: results of all tasks, deaths, errors, and an end of all when the caller stops."""

import os
import pickle
import time
from pathlib import Path

import pytest

from sim.errors import UserError
from sim.kernel.attributes import read_attributes
from sim.kernel.limits import Limits
from sim.kernel.options import Options
from sim.kernel.tree import read_mounts
from sim.kernel.workload import Workload
from simrec.workers import Workers


def half(number: int) -> tuple[int, int]:
    """With the process that did it. 13 kills its process, 14 is the user's fault, 15 a mistake of ours."""
    if number == 13:
        os._exit(1)
    if number == 14:
        raise UserError("14 is no good")
    if number == 15:
        raise ZeroDivisionError("fifteen")
    return number // 2, os.getpid()


def sleep(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def test_every_task_is_done_once_in_processes_of_their_own() -> None:
    results = dict(Workers(half, 2)([n for n in range(24) if n not in (13, 14, 15)]))
    assert sorted(results) == list(range(21))
    assert [result and result[0] for _, result in sorted(results.items())][:5] == [0, 0, 1, 1, 2]
    pids = {result[1] for result in results.values() if result}
    assert os.getpid() not in pids and 1 <= len(pids) <= 2
    assert list(Workers(half, 2)([])) == []


def test_a_worker_that_dies_costs_one_task() -> None:
    results = dict(Workers(half, 1)([2, 13, 4, 13, 6]))
    assert [result and result[0] for _, result in sorted(results.items())] == [1, None, 2, None, 3]


def test_what_a_task_raises_is_raised() -> None:
    with pytest.raises(UserError, match="14 is no good"):
        list(Workers(half, 1)([2, 14, 4]))
    with pytest.raises(RuntimeError, match="ZeroDivisionError: fifteen"):
        list(Workers(half, 1)([15]))


def test_options_of_every_kind_can_go_to_a_worker(tmp_path: Path) -> None:
    options = Options(
        arguments=("a",),
        environment=("A=1",),
        mounts=read_mounts([f"{tmp_path}:/data:rw"]),
        limits=Limits.parse(["threads=5"]),
        attributes=read_attributes(2, nice=["1=5"], priority=(), tickets=(), affinity=["1=0"]),
        requests=Workload.parse("count=9,arrivals=poisson:50,cpu=mix:0.5:1:9,io=exp:3"),
        defines=("N=1",),
    )
    sent = pickle.loads(pickle.dumps(options))
    assert sent.as_json() == options.as_json()
    assert sent.mounts == options.mounts


def test_when_the_caller_stops_so_do_the_workers() -> None:
    running = Workers(sleep, 2)([0.0, 3600.0, 3600.0])
    _, pid = next(running)
    assert pid is not None
    running.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
