"""Disks that can't be written any more, and directories that go away under a recorder."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from console import COMMAND, Simrec, environment


def test_a_read_only_disk_can_be_read(simrec: Simrec, tmp_path: Path, home: Path) -> None:
    home.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(home)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount")
    try:
        runs = [simrec("run", "--store", store, "examples/hello.asm").run for store in ("parquet", "sqlite")]
        subprocess.run(["mount", "-o", "remount,ro", str(home)], check=True)
        for command in (["runs"], *([word, run] for word in ("replay", "stats", "events") for run in runs)):
            answer = simrec(*command)
            assert (answer.status, answer.errors) == (0, ""), command
        assert simrec("verify", "--files", runs[1]).status == 0
        for command in (["run", "examples/hello.asm"], ["rm", runs[0]]):
            answer = simrec(*command)
            assert (answer.status, answer.errors.count("\n")) == (5, 1)
            assert "readonly database" in answer.errors or "Read-only file system" in answer.errors
    finally:
        subprocess.run(["umount", "-l", str(home)], check=True)


@pytest.mark.parametrize("store", ["parquet", "sqlite"])
def test_a_directory_that_vanishes_while_recording(
    simrec: Simrec, home: Path, write: Callable[..., Path], store: str
) -> None:
    kept = simrec("run", "examples/hello.asm").run
    endless = write("1: li a7, 124|ecall|j 1b")
    with subprocess.Popen(
        [*COMMAND, "run", "--store", store, str(endless)], stderr=subprocess.PIPE, env=environment(home)
    ) as process:
        for _ in range(3000):
            made = [path for path in (home / "runs").iterdir() if path.name != kept]
            if made and any(made[0].rglob("snapshots/*")):
                break
            time.sleep(0.01)
        shutil.rmtree(made[0])
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 5
    (line,) = errors.decode().splitlines()
    assert line.startswith(
        f"simrec: recording of run {made[0].name} failed: its directory {made[0]} has vanished; no event "
    )
    assert not made[0].exists()
    assert simrec("replay", kept).status == 0
    assert "failed" in simrec("runs").output
    assert simrec("rm", made[0].name).status == 0
