"""How the recordings of this version were made, with the code of that time: see README.md."""

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
#: The command line, with segments of 400 events where a real run has 2^20.
SIMREC = "import sim.kernel.kernel as k; k.SEGMENT_EVENTS = 400; from simrec.cli import main; main()"
OPTIONS = ("--seed", "3", "--quantum", "60")


def simrec(*words: str, stdin: bytes = b"") -> str:
    """What a command prints, of whatever simrec PYTHONPATH names."""
    command = [sys.executable, "-c", SIMREC, *words]
    return subprocess.run(command, input=stdin, stdout=subprocess.PIPE, cwd=HERE / "programs").stdout.decode()


told = {}
for store in ("parquet", "sqlite"):
    simrec("run", "fork.asm", *OPTIONS, "--store", store, "--name", f"fork-{store}", stdin=b"*")
(run,) = (row for row in json.loads(simrec("runs", "--json")) if row["name"] == "fork-parquet")
told["run"] = {name: run[name] for name in ("events", "ticks", "digest", "exit", "options")}
for part in (2, 4, 7, 8):
    seq = str((run["events"] - 1) * part // 8)
    told[seq] = json.loads(simrec("replay", "fork-parquet", "--at", seq, "--json"))
(HERE / "told.json").write_text(json.dumps(told, indent=1) + "\n")
