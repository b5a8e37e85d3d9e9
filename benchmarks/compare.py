"""``python -m benchmarks compare``: the same ELF files under simrec and other simulators, one run each.

Simulators that aren't installed are left out, and said so.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks import programs
from benchmarks.measuring import kernel_rate

#: Rounds of compute.c: about 50 and 1.4 million instructions.
LONG, SHORT = 140, 4


@dataclass(frozen=True)
class Contestant:
    """A way to run an ELF. ``command`` has {elf} and {log}; ``shown`` is how a person types it. ``logs``: it
    does something at each instruction. ``slow``: not for the long program; ``bare``: not for programs that
    make system calls."""

    name: str
    command: tuple[str, ...]
    shown: str
    logs: bool = False
    slow: bool = False
    bare: bool = False


def contestants(simulators: Path | None) -> tuple[list[Contestant], list[str]]:
    """(what is installed, what is not and how to get it)."""
    found = [
        Contestant(
            "simrec, events dropped",
            (sys.executable, "-m", "benchmarks.unrecorded", "{elf}"),
            "python -m benchmarks.unrecorded ELF",
        ),
        Contestant(
            "simrec, every event recorded",
            (sys.executable, "-m", "simrec", "run", "--harts", "1", "{elf}"),
            "simrec run --harts 1 ELF",
            logs=True,
        ),
    ]
    missing: list[str] = []
    _qemu(found, missing)
    _spike(found, missing, simulators)
    _from_pypi(found, missing, simulators)
    return found, missing


def _qemu(found: list[Contestant], missing: list[str]) -> None:
    qemu = shutil.which("qemu-riscv64")
    if qemu is None:
        missing.append("qemu-riscv64 (Debian: qemu-user)")
        return
    told = subprocess.run([qemu, "-version"], capture_output=True, text=True, check=False).stdout
    name = f"qemu-riscv64 {told.split()[2]}" if "version" in told else "qemu-riscv64"
    helped = subprocess.run([qemu, "-help"], capture_output=True, text=True, check=False).stdout
    step = "-one-insn-per-tb" if "-one-insn-per-tb" in helped else "-singlestep"
    options = (step, "-d", "in_asm,cpu,nochain", "-D")
    shown = f"qemu-riscv64 {' '.join(options)} LOG ELF"
    found.append(Contestant(name, (qemu, "{elf}"), "qemu-riscv64 ELF"))
    logging = (qemu, *options, "{log}", "{elf}")
    found.append(Contestant(f"{name}, instructions and registers logged", logging, shown, True, True))
    plugin = next(Path("/usr").glob("lib/**/libexeclog.so"), None)
    if plugin is None:
        missing.append("qemu's execlog plugin (this qemu-user has none)")
        return
    options = ("-plugin", str(plugin), "-d", "plugin", "-D")
    shown = f"qemu-riscv64 -plugin {plugin.name} -d plugin -D LOG ELF"
    logging = (qemu, *options, "{log}", "{elf}")
    found.append(Contestant(f"{name}, execlog plugin", logging, shown, True, True))


def _spike(found: list[Contestant], missing: list[str], simulators: Path | None) -> None:
    spike = _program("spike", simulators)
    if spike is None or shutil.which("dtc") is None:
        missing.append("spike (PyPI: spike, and Debian: device-tree-compiler)")
        return
    log = ("-l", "--log-commits", "--log={log}")
    shown = "spike -l --log-commits --log=LOG ELF"
    found.append(Contestant("Spike", (spike, "{elf}"), "spike ELF", bare=True))
    found.append(Contestant("Spike, commits logged", (spike, *log, "{elf}"), shown, True, True, True))


def _from_pypi(found: list[Contestant], missing: list[str], simulators: Path | None) -> None:
    python = str(simulators / "python") if simulators else sys.executable
    if subprocess.run([python, "-c", "import unicorn"], capture_output=True, check=False).returncode:
        missing.append("Unicorn (PyPI: unicorn)")
    else:
        host = str(Path(__file__).with_name("unicorn_host.py"))
        shown = "python benchmarks/unicorn_host.py"
        found.append(Contestant("Unicorn", (python, host, "{elf}"), f"{shown} ELF"))
        hooked = (python, host, "--hook", "{elf}")
        name = "Unicorn, a Python hook that keeps each pc"
        found.append(Contestant(name, hooked, f"{shown} --hook ELF", True, True))
    for name, program in (("tinyrv", "tinyrv-user-elf"), ("rvsim (models a pipeline's cycles)", "rvsim")):
        path = _program(program, simulators)
        if path is None:
            missing.append(f"{name} (PyPI: {program.partition('-')[0]})")
        else:
            found.append(Contestant(name, (path, "{elf}"), f"{program} ELF", slow=True, bare=True))


def _program(name: str, simulators: Path | None) -> str | None:
    return shutil.which(name, path=str(simulators)) if simulators else shutil.which(name)


def compare(folder: Path, simulators: Path | None) -> dict[str, Any]:
    """What was measured."""
    found, missing = contestants(simulators)
    compute = [programs.compute(rounds, folder) for rounds in (LONG, SHORT)]
    words = programs.compiled("words", folder).rename(folder / "words.elf")
    rows: list[dict[str, Any]] = []
    for elf, what in (
        (compute[0], f"compute.c, {LONG} rounds"),
        (compute[1], f"compute.c, {SHORT} rounds"),
        (words, "words.c with musl"),
    ):
        instructions = kernel_rate(elf, (), True)[0]
        for contestant in found:
            if (contestant.slow and elf is compute[0]) or (contestant.bare and elf is words):
                continue
            print(f"{what}: {contestant.name} ...", file=sys.stderr)
            row = {"program": what, "simulator": contestant.name, "command": contestant.shown}
            rows.append(row | {"logs": contestant.logs} | _measure(contestant, elf, instructions))
    return {"versions": _versions(simulators), "missing": missing, "runs": rows}


def _measure(contestant: Contestant, elf: Path, instructions: int) -> dict[str, Any]:
    """Seconds of the whole command, its rate, and the bytes of its log for each instruction."""
    with tempfile.TemporaryDirectory(dir=elf.parent) as scratch:
        log = Path(scratch, "log")
        words = [word.format(elf=elf, log=log) for word in contestant.command]
        started = time.perf_counter()
        done = subprocess.run(words, capture_output=True, stdin=subprocess.DEVNULL, check=False)
        seconds = time.perf_counter() - started
        # tinyrv's own status is no status of the program's.
        if done.returncode and "tinyrv" not in contestant.name:
            told = done.stderr.decode(errors="replace")
            raise SystemExit(f"{contestant.shown} ended with status {done.returncode}:\n{told}")
        size = log.stat().st_size if log.exists() else _recorded(contestant)
    return {
        "instructions": instructions,
        "seconds": round(seconds, 3),
        "rate": round(instructions / seconds),
        "bytes_per_instruction": round(size / instructions, 2) if size else None,
    }


def _recorded(contestant: Contestant) -> int:
    """The bytes of simrec's latest recording, 0 for another simulator."""
    from recorder.catalog import Catalog

    if not (contestant.name.startswith("simrec") and contestant.logs):
        return 0
    return Catalog.open().find("latest").bytes


def _versions(simulators: Path | None) -> dict[str, str]:
    """Of the packages that were measured."""
    found = {}
    code = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"
    for name in ("spike", "unicorn", "tinyrv", "rvsim"):
        if simulators is None:
            try:
                found[name] = version(name)
            except PackageNotFoundError:
                continue
            continue
        done = subprocess.run(
            [str(simulators / "python"), "-c", code, name], capture_output=True, text=True, check=False
        )
        if not done.returncode:
            found[name] = done.stdout.strip()
    return found
