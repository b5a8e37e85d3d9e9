"""Running a suite's program under simrec, and judging it."""

import io
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from conformance.build import NotBuilt, build
from conformance.suite import Test
from recorder.keeping import USUAL

#: A program that has not ended after so many events hangs.
MAX_EVENTS = 100_000_000
_SECONDS_FOR_QEMU = 60


@dataclass(frozen=True)
class Result:
    """``verdict``: ``pass``, ``FAIL``, ``not built`` or ``no reference``; ``detail``: what went wrong."""

    suite: str
    name: str
    verdict: str
    detail: str = ""


@dataclass(frozen=True)
class Bench:
    """How programs are run: the compiler, simrec's executors, and qemu-riscv64 (None: it isn't here) for
    programs that come without a reference."""

    cc: str
    executors: tuple[str, ...]
    qemu: str | None

    def judge(self, test: Test) -> Result:
        """Build, run and compare one program."""
        with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
            elf = Path(folder, "test.elf")
            try:
                build(self.cc, test, elf)
            except NotBuilt as error:
                return Result(test.suite, test.name, "not built", str(error))
            for executor in self.executors:
                verdict, detail = self._run(test, elf, executor)
                if verdict != "pass":
                    where = f"{executor} executor: " if len(self.executors) > 1 else ""
                    return Result(test.suite, test.name, verdict, where + detail)
        return Result(test.suite, test.name, "pass")

    def _run(self, test: Test, elf: Path, executor: str) -> tuple[str, str]:
        written = elf.with_name("signature") if test.signature else None
        status, told = simrec(elf, executor, written)
        if status:
            return "FAIL", _why(status, told, test.signature)
        if written is None:
            return "pass", ""
        wanted, origin = self._reference(test, elf)
        if wanted is None:
            return "no reference", origin
        return _compare(written.read_text(encoding="ascii").split(), wanted, origin)

    def _reference(self, test: Test, elf: Path) -> tuple[list[str] | None, str]:
        """(the words that the program should leave, who says so); None and why nobody does."""
        if test.reference is not None:
            return test.reference.read_text(encoding="ascii").lower().split(), test.reference.name
        if self.qemu is None:
            return None, "none in the suite, and no qemu-riscv64 to ask: try --references"
        try:
            done = subprocess.run(
                [self.qemu, str(elf)], capture_output=True, timeout=_SECONDS_FOR_QEMU, check=False
            )
        except subprocess.TimeoutExpired:
            return None, f"qemu didn't end within {_SECONDS_FOR_QEMU} s"
        if done.returncode:
            return None, f"qemu ended with status {done.returncode}"
        data = done.stdout
        return [data[at : at + 4][::-1].hex() for at in range(0, len(data), 4)], "qemu"


def simrec(elf: Path, executor: str, signature: Path | None) -> tuple[int, str]:
    """(exit status, standard error) of ``simrec run``. It runs in this process, which has the imports and
    the compiled loop, in a home of its own."""
    from recorder.catalog import Catalog
    from sim.errors import UserError
    from sim.kernel.options import Options
    from simrec.record import record
    from simrec.request import Request
    from simrec.signature import Signature

    os.environ["SIMREC_JIT"] = "0" if executor == "reference" else "1"
    told, said = io.TextIOWrapper(io.BytesIO()), io.TextIOWrapper(io.BytesIO())
    wanted = Signature(signature) if signature else None
    with redirect_stdout(said), redirect_stderr(told):
        try:
            options = Options(harts=1, max_events=MAX_EVENTS)
            status = record(Request((elf,), options, USUAL, signature=wanted))
            catalog = Catalog.open()
            catalog.remove(catalog.find("latest"))
            catalog.close()
        except UserError as error:
            status = error.exit_status
            print(f"simrec: {error}", file=sys.stderr)
        except Exception:
            status = 1
            traceback.print_exc()
        sys.stderr.flush()
    return status, told.buffer.getvalue().decode(errors="replace")


def _why(status: int, told: str, signature: bool) -> str:
    """The exit status in words, and what simrec said of it."""
    lines = [line.removeprefix("simrec: ") for line in told.splitlines() if line.strip()]
    if "Traceback" in told:
        return f"simrec broke: {lines[-1]}"
    if status > 128 and status - 128 in set(signal.Signals):
        return f"{signal.Signals(status - 128).name}: {lines[0] if lines else ''}"
    if status == 4 and any("max-events" in line for line in lines):
        return f"had not ended after {MAX_EVENTS:,} events"
    if any("exited with status" in line for line in lines) and not signature:
        return f"test {status} failed"
    return f"status {status}: {lines[0] if lines else ''}"


def _compare(found: list[str], wanted: list[str], origin: str) -> tuple[str, str]:
    """The verdict on a signature's words."""
    if found == wanted:
        return "pass", ""
    for number, (word, right) in enumerate(zip(found, wanted, strict=False)):
        if word != right:
            return "FAIL", f"word {number} of the signature is {word}, not {right} ({origin})"
    return "FAIL", f"{len(found)} words of signature, not {len(wanted)} ({origin})"
