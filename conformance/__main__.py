"""Run the official suites that are in a folder: ``python -m conformance PATH`` (docs/how-to/conformance.md).

Prints a line for every program and a table by suite. Exit status: 0 if all that was run passed, 1 if not,
2 if there was nothing to run.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from conformance import arch_test, riscv_tests
from conformance.build import compiler
from conformance.run import Bench, Result
from conformance.suite import NoSuite, Skipped, Test

EXECUTORS = {"compiled": ("compiled",), "reference": ("reference",), "both": ("compiled", "reference")}


def arguments() -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(prog="python -m conformance", description=__doc__)
    parser.add_argument("path", type=Path, help="a folder with riscv-tests, riscv-arch-test or both")
    parser.add_argument("--only", metavar="PATTERN", help="programs by name, as rv64ui/add or 'rv64i_m/F/*'")
    parser.add_argument("--executor", choices=EXECUTORS, default="compiled", help="simrec's executor")
    parser.add_argument("--references", type=Path, metavar="FOLDER", help="signatures to compare with")
    parser.add_argument("--cc", metavar="COMPILER", help="a RISC-V GCC (default: the one that is found)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="programs at the same time")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there, too")
    return parser.parse_args()


def discover(path: Path, references: Path | None) -> Iterator[Test | Skipped]:
    """Every program of every suite at or below a folder. Raises NoSuite."""
    if not path.is_dir():
        raise NoSuite(f"{path}: no such folder")
    found = False
    for isa in riscv_tests.find(path):
        found = True
        yield from riscv_tests.tests(isa)
    for suite in arch_test.find(path):
        found = True
        yield from arch_test.tests(suite, references)
    if arch_test.self_checking(path):
        print(
            f"{path}: the self-checking form of riscv-arch-test is not run; see the how-to", file=sys.stderr
        )
    elif not found:
        raise NoSuite(
            f"{path}: neither isa/macros/scalar (riscv-tests) nor env/arch_test.h (riscv-arch-test)"
        )


def run(tests: list[Test], bench: Bench, jobs: int) -> Iterator[Result]:
    """Results in the order of the programs. Raises NoSuite."""
    _warm(bench.executors)
    with multiprocessing.get_context("fork").Pool(jobs, _start_worker) as pool:
        yield from pool.imap(bench.judge, tests)


def _warm(executors: tuple[str, ...]) -> None:
    """Import, and compile, what every worker needs, once."""
    import simrec.record  # noqa: F401
    from sim.machine import executor

    if "compiled" in executors:
        executor.compiled()


def _start_worker() -> None:
    os.environ["SIMREC_HOME"] = tempfile.mkdtemp(dir=os.environ["SIMREC_HOME"])
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115


def show(results: list[Result], skipped: list[Skipped]) -> None:
    """The table by suite, the reasons for what was skipped, and what did not pass."""
    for (suite, reason), count in Counter((s.suite, s.reason) for s in skipped).items():
        print(f"skipped      {suite}, {count} of its programs: {reason}")
    print(f"\n{'suite':<24}{'passed':>8}{'failed':>8}{'skipped':>9}")
    suites = [*(result.suite for result in results), *(entry.suite for entry in skipped)]
    for suite in dict.fromkeys(suites):
        passed = sum(r.suite == suite and r.verdict == "pass" for r in results)
        failed = sum(r.suite == suite and r.verdict != "pass" for r in results)
        print(f"{suite:<24}{passed:>8}{failed:>8}{sum(s.suite == suite for s in skipped):>9}")
    passed = sum(result.verdict == "pass" for result in results)
    print(f"{'all':<24}{passed:>8}{len(results) - passed:>8}{len(skipped):>9}")


def main() -> int:
    """Returns the exit status."""
    chosen = arguments()
    home = tempfile.mkdtemp(prefix="conformance-")
    os.environ["SIMREC_HOME"] = home
    try:
        found = list(discover(chosen.path.resolve(), chosen.references))
        if chosen.only:
            found = [entry for entry in found if fnmatch(entry.name, chosen.only)]
        tests = [entry for entry in found if isinstance(entry, Test)]
        skipped = [entry for entry in found if isinstance(entry, Skipped)]
        bench = Bench(compiler(chosen.cc), EXECUTORS[chosen.executor], shutil.which("qemu-riscv64"))
        results = []
        for result in run(tests, bench, chosen.jobs) if tests else ():
            results.append(result)
            print(f"{result.verdict:<13}{result.name}  {result.detail}".rstrip(), flush=True)
    except NoSuite as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 2
    finally:
        shutil.rmtree(home, ignore_errors=True)
    show(results, skipped)
    if chosen.json:
        rows = [vars(result) for result in results]
        rows += [
            {"suite": s.suite, "name": s.name, "verdict": "skipped", "detail": s.reason} for s in skipped
        ]
        chosen.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0 if results and all(result.verdict == "pass" for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
