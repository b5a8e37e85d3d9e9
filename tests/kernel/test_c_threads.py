"""Compiled C and C++ programs with signals and threads, under musl and glibc, compared with qemu-user."""

from collections.abc import Callable
from pathlib import Path

import cprograms
import pytest
import rig

PROGRAMS = Path(__file__).parent / "programs"
Compile = Callable[..., bytes]


@pytest.fixture(params=["musl", "glibc"])
def compiled(request: pytest.FixtureRequest) -> Compile:
    """Compiles a source to an ELF."""
    return cprograms.clang if request.param == "musl" else cprograms.gcc


@pytest.mark.parametrize("harts", [1, 2])
def test_signals(compiled: Compile, harts: int, tmp_path: Path) -> None:
    image = compiled(PROGRAMS / "signals.c")
    live = rig.run(image, keep=False, harts=harts)
    status, out = cprograms.qemu(image, tmp_path)
    assert live.out == out
    assert live.out.count(b"\n") == 18
    assert (live.ended, -status % 256) == (("signalled", 134), 6)
    assert live.kernel.refused == set()
    (kill,) = live.kernel.kills
    assert kill.number == 6


@pytest.mark.parametrize(("harts", "seed"), [(1, 0), (2, 0), (2, 1), (4, 2)])
def test_threads(compiled: Compile, harts: int, seed: int, tmp_path: Path) -> None:
    image = compiled(PROGRAMS / "pthreads.c")
    live = rig.run(image, keep=False, harts=harts, seed=seed)
    assert (live.status, live.out) == cprograms.qemu(image, tmp_path)
    assert live.out.count(b"\n") == 10
    assert live.kernel.refused == set()


ROBUST = """
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
static pthread_mutex_t mutex;
static volatile int held;
static void *ends(void *given) { pthread_mutex_lock(&mutex); held = 1; usleep(300); return given; }
static void *next(void *given)
{
    int first = pthread_mutex_lock(&mutex);
    if (first == EOWNERDEAD)
        pthread_mutex_consistent(&mutex);
    pthread_mutex_unlock(&mutex);
    return (void *)(long)(first == EOWNERDEAD && pthread_mutex_lock(&mutex) == 0);
}
int main(void)
{
    pthread_mutexattr_t robust;
    pthread_t one, other;
    void *result;
    pthread_mutexattr_init(&robust);
    pthread_mutexattr_setrobust(&robust, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&mutex, &robust);
    pthread_create(&one, 0, ends, 0);
    while (!held)
        usleep(10);
    pthread_create(&other, 0, next, 0);
    pthread_join(one, 0);
    pthread_join(other, &result);
    return (long)result;
}
"""


def test_a_robust_mutex_outlives_its_owner(compiled: Compile, tmp_path: Path) -> None:
    """qemu-user doesn't have robust locks: there musl's program waits for ever."""
    (tmp_path / "robust.c").write_text(ROBUST)
    live = rig.run(compiled(tmp_path / "robust.c"), keep=False, max_events=1_000_000)
    assert live.ended == ("exited", 1)


THREADS = """
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <future>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>
int main()
{
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::thread> threads;
    int sum = 0, turn = 0;
    for (int i = 0; i < 4; i++)
        threads.emplace_back([&, i] {
            std::unique_lock lock(mutex);
            changed.wait(lock, [&] { return turn == i; });
            sum = sum * 10 + i;
            turn++;
            changed.notify_all();
        });
    for (auto &thread : threads)
        thread.join();
    std::printf("%d\\n", sum);
    auto failing = std::async(std::launch::async, []() -> int { throw std::runtime_error("as told"); });
    try {
        failing.get();
    } catch (const std::exception &error) {
        std::printf("%s\\n", error.what());
    }
    std::unique_lock lock(mutex);
    std::printf("%d\\n", changed.wait_for(lock, std::chrono::microseconds(300), [] { return false; }));
    std::fflush(stdout);
    throw 1;
}
"""


@pytest.mark.slow
def test_threads_and_exceptions_of_cpp(compiled: Compile, tmp_path: Path) -> None:
    (tmp_path / "threads.cpp").write_text(THREADS)
    image = compiled(tmp_path / "threads.cpp")
    live = rig.run(image, keep=False)
    assert live.out == b"123\nas told\n0\n" == cprograms.qemu(image, tmp_path)[1]
    assert live.ended == ("signalled", 134)
    assert live.kernel.refused == set()


@pytest.mark.slow
def test_the_same_program_makes_the_same_log_on_both_executors(tmp_path: Path) -> None:
    image = cprograms.clang(PROGRAMS / "signals.c")
    logs = [
        rig.run(image, executor_name=name, harts=2, max_events=20_000).events
        for name in ("compiled", "reference")
    ]
    assert logs[0] == logs[1]
