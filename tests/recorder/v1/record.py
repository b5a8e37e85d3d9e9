"""How the recordings of version 1 were made, with the code of that time: see README.md."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
GOLDEN = HERE.parents[1] / "golden"
#: Events in a segment, where a real run has 2^20: so a short run has several, and as many snapshots.
SEGMENT = 400
#: name -> (program, its input, options).
RUNS = {
    "race": ("race.asm", b"11\n", ["--seed", "7", "--quantum", "60"]),
    "generator": ("generator.asm", b"", ["--harts", "1"]),
    "fault": ("fault.asm", b"", []),
}
#: The command line, with short segments.
SIMREC = f"import sim.kernel.kernel as k; k.SEGMENT_EVENTS = {SEGMENT}; from simrec.cli import main; main()"


def simrec(*words: str, stdin: bytes = b"") -> str:
    """What a command prints, of whatever simrec PYTHONPATH names."""
    command = [sys.executable, "-c", SIMREC, *words]
    return subprocess.run(command, input=stdin, stdout=subprocess.PIPE, cwd=HERE / "programs").stdout.decode()


def asked(*words: str) -> Any:
    """What a command says as JSON."""
    return json.loads(simrec(*words, "--json"))


def main() -> None:
    """Record every run in both stores, and write down what is told about the one in Parquet."""
    told = {}
    for name, (program, stdin, options) in RUNS.items():
        for store in ("parquet", "sqlite"):
            simrec("run", program, *options, "--store", store, "--name", f"{name}-{store}", stdin=stdin)
        run = f"{name}-parquet"
        last = next(row["events"] for row in json.loads(simrec("runs", "--json")) if row["name"] == run) - 1
        stops = [last * part // 8 for part in (2, 4, 7, 8)]
        told[f"{name} stats"] = asked("stats", run)
        told[f"{name} contention"] = asked("contention", run)
        told |= {f"{name} {stop}": asked("replay", run, "--at", str(stop)) for stop in stops}
        shown = [f"$ simrec replay --at {n}\n{simrec('replay', run, '--at', str(n))}" for n in stops]
        (GOLDEN / f"v1_{name}.txt").write_text("\n".join(shown).replace(told[f"{name} {last}"]["run"], "RUN"))
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(what)}" for name, what in told.items())
    (HERE / "told.json").write_text(f"{{\n{lines}\n}}\n")


if __name__ == "__main__":
    main()
