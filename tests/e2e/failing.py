"""A process whose calls to the disk fail: it has `failing_disk.c` preloaded, does what each line of JSON asks
for that it reads, lets calls fail there, and answers with a line: exit status, calls counted.

What is asked for is one of simrec's commands, or else a small made-up run, recorded as `simrec.session` does,
which is faster. A command gets a process of its own, forked from this one, and so does a run on a disk that
stays full, of which only its process's end may be known. Others are recorded here, for half of the time.
"""

import ctypes
import faulthandler
import json
import os
import signal
import sys
import time
import traceback
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "recorder"))

import small
from synthetic import PROGRAM, put, steps

from recorder import conform, database, digest, models, parquet, reader, snapshots, sqlite  # noqa: F401
from recorder.catalog import Catalog
from recorder.keeping import Keeping
from recorder.recorder import Recorder
from sim.errors import UserError
from sim.machine.buffers import Buffers
from sim.world import World

#: What is still not done then hangs.
SECONDS = 60


def record(home: str, store: str) -> None:
    """Three segments of twenty events of one hart: few files, so that every call that there is can fail."""
    catalog = Catalog.open(Path(home))
    try:
        recorder = Recorder.start(catalog, [PROGRAM], {}, Keeping(store))
        try:
            buffers, world = Buffers(1, 64), World()
            for event in steps(60, harts=1):
                if event.seq in (20, 40):
                    buffers = recorder.segment(buffers, world)
                put(buffers, event)
                world.seq, world.tick = event.seq, event.tick
            recorder.finish(buffers, world)
            recorder.close("complete", "exited", 0)
        except BaseException as error:
            recorder.abort(str(error))
            raise
    finally:
        catalog.close()


def recorded(asked: dict[str, Any]) -> int:
    """The exit status of a made-up run."""
    with open(asked["streams"][2], "w", encoding="utf-8") as errors, redirect_stderr(errors):
        try:
            record(asked["home"], asked["store"])
        except UserError as error:
            print(f"simrec: {error}", file=sys.stderr)
            return error.exit_status
        except BaseException:
            traceback.print_exc()
            return 99
    return 0


def commanded(asked: dict[str, Any]) -> int:
    """The exit status of a command with small segments, which this process becomes."""
    os.dup2(os.open(asked["streams"][2], os.O_WRONLY), 2)
    try:
        small.command(
            asked["events"], *(asked[name] for name in ("command", "cwd", "environment", "streams"))
        )
    except SystemExit as end:
        return int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    return 99


def in_a_fork(shim: Any, asked: dict[str, Any]) -> tuple[int | None, int]:
    """Exit status, None if it hangs, and calls."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = commanded(asked) if "command" in asked else recorded(asked)
        sys.stdout.flush()
        sys.stderr.flush()
        os.write(writing, str(shim.counted()).encode())
        os._exit(status)
    os.close(writing)
    status = ended(pid)
    with open(reading) as told:
        return status, int(told.read() or 0)


def ended(pid: int) -> int | None:
    """Its exit status, None if it hangs."""
    for _ in range(SECONDS * 200):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


def main() -> None:
    """Until standard input ends."""
    shim = ctypes.CDLL(os.environ.pop("LD_PRELOAD"))
    for line in sys.stdin:
        asked = json.loads(line)
        shim.fail(asked["home"].encode(), *(asked[name] for name in ("kinds", "nth", "error", "lasting")))
        if "command" in asked or asked["lasting"]:
            status, calls = in_a_fork(shim, asked)
        else:
            faulthandler.dump_traceback_later(SECONDS, exit=True)
            status, calls = recorded(asked), shim.counted()
            faulthandler.cancel_dump_traceback_later()
        shim.fail(b"", 0, 0, 0, 0)
        print(json.dumps({"status": status, "calls": calls}), flush=True)


main()
