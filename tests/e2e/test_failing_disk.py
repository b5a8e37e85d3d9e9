"""Every call to the disk fails once, and the disk is full from any call on: one line, and nothing that was
committed is lost."""

import errno
import json
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cprograms
import pytest
from console import ROOT, environment

from recorder.audit import audit
from recorder.catalog import Catalog
from recorder.reader import Log
from recorder.run import RunRow

HERE = Path(__file__).parent
#: `failing_disk.c`: calls that fill a disk, and all others too.
FILLING, ALL = 1 | 8 | 16 | 32, 127


@dataclass
class Disk:
    """A home on a disk that fails as it is told, and what ran there at last."""

    home: Path
    catalog: Catalog
    process: "subprocess.Popen[str]"
    kept: set[str] = field(default_factory=set)
    errors: str = ""

    def run(
        self, nth: int = 0, error: int = 0, kinds: int = ALL, lasting: bool = False, **what: Any
    ) -> dict[str, Any]:
        """Exit ``status`` (None: it hangs) and ``calls``."""
        streams = [str(self.home.with_name(name)) for name in ("stdin", "stdout", "stderr")]
        for path in streams:
            Path(path).write_bytes(b"")
        fault = {"nth": nth, "error": error, "kinds": kinds, "lasting": int(lasting)}
        asked = {"home": str(self.home), "streams": streams, "cwd": str(ROOT), **fault, **what}
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        self.errors = Path(streams[2]).read_text()
        return answer

    def new(self) -> RunRow | None:
        """The run that is there beside those that are kept."""
        new = [run for run in self.catalog.runs() if run.id not in self.kept]
        assert len(new) <= 1
        return new[0] if new else None

    def whole(self, **what: Any) -> tuple[RunRow, int]:
        """A run that nothing befalls, and the calls that it takes."""
        calls: int = self.run(**what)["calls"]
        run = self.new()
        assert run is not None and run.status == "complete"
        self.kept.add(run.id)
        return run, calls

    def sweep(self, error: int, kinds: int = ALL, lasting: bool = False, step: int = 1, **what: Any) -> None:
        """Let a call fail, the next time another one, and look at what comes of it. In between, each run is
        removed, and at the end one is whole again."""
        whole, calls = self.whole(kinds=kinds, **what)
        for nth in range(random.randint(1, step), calls + 1, step):
            answer = self.run(nth, error, kinds, lasting, **what)
            run = self.new()
            check(self, (nth, answer, self.errors), answer["status"], run)
            if run is not None:
                assert lasting or run.status == ("failed" if answer["status"] else "complete"), nth
                self.catalog.remove(run)
                assert not run.path.exists()
        assert audit(self.catalog, whole).findings == ()
        self.whole(**what)


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    cprograms.need_clang()
    place = tmp_path_factory.mktemp("failing")
    shim, home = place / "failing_disk.so", place / "home"
    compile_it = [sys.executable, "-m", "ziglang", "cc", "-shared", "-fPIC", "-O1"]
    subprocess.run([*compile_it, HERE / "failing_disk.c", "-o", shim, "-ldl"], check=True)
    loaded = {"LD_PRELOAD": str(shim), "PYTHONPATH": f"{HERE}:{ROOT}"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(
        [sys.executable, HERE / "failing.py"], env=environment(home) | loaded, **pipes
    ) as process:
        yield Disk(home, Catalog.open(home), process)
        assert process.stdin is not None
        process.stdin.close()


def check(disk: Disk, told: object, status: int | None, run: RunRow | None) -> None:
    """One line that is right, and a run that is whole as far as it goes."""
    if status == 0:
        assert run is not None and run.status == "complete", told
    else:
        assert status == 5 and disk.errors.count("\n") == 1 and disk.errors.startswith("simrec: "), told
    if run is None:
        assert re.search("can't use the catalog|has no room for recordings", disk.errors), told
        return
    result = audit(disk.catalog, run)
    assert result.sound and result.good == run.events, (told, result.findings)
    if kept := re.search(r"events 0 to (\d+) are kept: `simrec replay (\w+) --at", disk.errors):
        assert kept[2] == run.id and int(kept[1]) < run.events, told
    if run.events:
        with Log.open(disk.catalog, run.id) as log:
            assert sum(log.table(kind).num_rows for kind in log.kinds()) == run.events, told


@pytest.mark.slow
@pytest.mark.parametrize("store", ["parquet", "sqlite"])
def test_any_call_fails_once(disk: Disk, store: str) -> None:
    disk.sweep(errno.EIO, store=store)


# From which call on a disk is full hardly matters, and commands make the calls of any run: of these not
# all are tried, and each time others. By hand, all of them have been.


@pytest.mark.slow
@pytest.mark.parametrize(("store", "step"), [("parquet", 3), ("sqlite", 5)])
def test_the_disk_is_full_from_any_call_on(disk: Disk, store: str, step: int) -> None:
    disk.sweep(errno.ENOSPC, FILLING, lasting=True, step=step, store=store)


@pytest.mark.slow
@pytest.mark.parametrize("store", ["parquet", "sqlite"])
def test_a_command_whose_disk_fails(disk: Disk, store: str) -> None:
    command = ["run", "--store", store, "examples/generator.asm"]
    disk.sweep(errno.EIO, step=50, command=command, environment=environment(disk.home), events=1000)
