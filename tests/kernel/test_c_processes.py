"""Compiled programs of several processes, under musl and glibc, compared with qemu-user."""

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


@pytest.mark.parametrize(("harts", "seed"), [(1, 0), (2, 0), (2, 1), (4, 2)])
def test_processes(compiled: Compile, harts: int, seed: int, tmp_path: Path) -> None:
    image = compiled(PROGRAMS / "processes.c")
    live = rig.run(image, keep=False, harts=harts, seed=seed)
    lines = live.out.decode().splitlines()
    reference = cprograms.qemu(image, tmp_path)[1].decode().splitlines()
    # The reference can't execute a program of another machine than its host's.
    others = ["exec 11", "spawn 0", "spawned 12"]
    place = lines.index("exec 11")
    assert (live.status, lines[place : place + 3]) == (0, others)
    assert lines[:place] + lines[place + 3 :] == reference[:place] + reference[place + 3 :]
    assert len(lines) == 27
    assert live.kernel.refused == set()
    assert set(live.world.unreaped) == {1}
