"""A process whose calls to the disk fail: it has `failing_disk.c` preloaded, forks for each line of JSON that
it reads, lets calls fail there, and answers with a line: exit status, calls counted.

What is asked for is one of simrec's commands, or else a small made-up run, recorded as `simrec.session` does,
which is faster. A child that is still there after SECONDS hangs.
"""

import ctypes
import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "recorder"))

from synthetic import PROGRAM, put, steps

from recorder import conform, database, digest, models, parquet, reader, snapshots, sqlite  # noqa: F401
from recorder.catalog import Catalog
from recorder.keeping import Keeping
from recorder.recorder import Recorder
from sim.errors import UserError
from sim.machine.buffers import Buffers
from sim.world import World

SECONDS = 60


def record(home: str, store: str) -> None:
    """Three segments of twenty events."""
    catalog = Catalog.open(Path(home))
    recorder = Recorder.start(catalog, [PROGRAM], {}, Keeping(store))
    try:
        buffers, world = Buffers(3, 64), World()
        for event in steps(60):
            if event.seq in (20, 40):
                buffers = recorder.segment(buffers, world)
            put(buffers, event)
            world.seq, world.tick = event.seq, event.tick
        recorder.finish(buffers, world)
        recorder.close("complete", "exited", 0)
    except BaseException as error:
        recorder.abort(str(error))
        raise


def child(shim: Any, asked: dict[str, Any]) -> int:
    """Do what is asked with a failing disk; the exit status."""
    os.dup2(os.open(asked["streams"][2], os.O_WRONLY), 2)
    shim.fail(asked["home"].encode(), *(asked[name] for name in ("kinds", "nth", "error", "lasting")))
    try:
        if "command" in asked:
            import small

            small.command(
                asked["events"], *(asked[name] for name in ("command", "cwd", "environment", "streams"))
            )
        record(asked["home"], asked["store"])
    except SystemExit as end:
        return int(end.code or 0)
    except UserError as error:
        print(f"simrec: {error}", file=sys.stderr)
        return error.exit_status
    except BaseException:
        traceback.print_exc()
        return 99
    return 0


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
        if "command" in asked:
            import small  # noqa: F401
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            status = child(shim, asked)
            sys.stdout.flush()
            sys.stderr.flush()
            os.write(writing, str(shim.counted()).encode())
            os._exit(status)
        os.close(writing)
        status = ended(pid)
        with open(reading) as told:
            answer = {"status": status, "calls": int(told.read() or 0)}
        print(json.dumps(answer), flush=True)


main()
