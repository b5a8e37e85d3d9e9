"""Machines that the runtime's tests run programs on.

A runner makes, of a directory, something with a `name`, a `missing()` that says why it can't work
here (None if it can), and a `run`. A runner for another machine is one more in RUNNERS.
"""

import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import rig

RUNTIME = Path(__file__).parents[2] / "sim" / "runtime"

# Standard output, and the exit status as a shell shows it (128 + signal), None if the program was
# still running when its time was up.
Outcome = tuple[str, int | None]


class Qemu:
    """GNU as and ld build the program; qemu's user mode gives it real Linux semantics."""

    name = "qemu"
    assembler = ("riscv64-linux-gnu-as", "-march=rv64ima_zicsr_zifencei", "-mno-relax")
    archiver = "riscv64-linux-gnu-ar"
    # Our own linker takes tls_setup for programs with thread-local variables.
    linker = ("riscv64-linux-gnu-ld", "--no-relax", "--fatal-warnings", "-e", "_start", "-u", "tls_setup")
    emulator = "qemu-riscv64"

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @classmethod
    def missing(cls) -> str | None:
        tools = (cls.assembler[0], cls.archiver, cls.linker[0], cls.emulator)
        absent = [tool for tool in tools if shutil.which(tool) is None]
        return f"not installed: {', '.join(absent)}" if absent else None

    def run(
        self,
        program: Path,
        arguments: Sequence[str] = (),
        stdin: str = "",
        seconds: float = 60.0,
    ) -> Outcome:
        executable = self.build(program)
        with subprocess.Popen(
            [self.emulator, str(executable), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=self.directory,  # where a core dump of a program that faults may land
        ) as process:
            try:
                stdout, _ = process.communicate(stdin, timeout=seconds)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                stdout, _ = process.communicate()
                return stdout, None
        status = process.returncode
        return stdout, 128 - status if status < 0 else status

    def build(self, program: Path) -> Path:
        """An ELF of `program` and those runtime files that it refers to."""
        executable = self.directory / f"{program.stem}.elf"
        if not executable.exists():
            code = self.assemble(program)
            library = str(self.library())
            self.tool(*self.linker, str(code), library, "-o", str(executable))
        return executable

    def library(self) -> Path:
        """One archive member for each file, so that the linker takes files, not everything."""
        library = self.directory / "runtime.a"
        if not library.exists():
            members = [str(self.assemble(source)) for source in sorted(RUNTIME.glob("*.s"))]
            self.tool(self.archiver, "rcs", str(library), *members)
        return library

    def assemble(self, source: Path) -> Path:
        code = self.directory / f"{source.name}.o"
        options = ("--fatal-warnings", "-I", str(source.parent))
        self.tool(*self.assembler, *options, str(source), "-o", str(code))
        return code

    @staticmethod
    def tool(*command: str) -> None:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"


@dataclass(frozen=True)
class Simrec:
    """simrec itself, live and unrecorded: its own assembler, kernel and machine."""

    harts: int = 2
    scheduler: str = "rr"
    seed: int = 0
    executor: str = "compiled"
    quantum: int = 1000
    max_events: int = 20_000_000

    @property
    def name(self) -> str:
        parts = [f"simrec-{self.harts}", self.scheduler if self.scheduler != "rr" else ""]
        parts += [
            f"seed{self.seed}" if self.seed else "",
            self.executor if self.executor != "compiled" else "",
        ]
        return "-".join(part for part in parts if part)

    def __call__(self, directory: Path) -> "Simrec":
        return self

    def missing(self) -> str | None:
        return None

    def run(
        self, program: Path, arguments: Sequence[str] = (), stdin: str = "", seconds: float = 60.0
    ) -> Outcome:
        live = rig.run(
            program,
            keep=False,
            executor_name=self.executor,
            stdin=stdin.encode(),
            arguments=tuple(arguments),
            harts=self.harts,
            scheduler=self.scheduler,
            seed=self.seed,
            quantum=self.quantum,
            max_events=self.max_events,
        )
        reason, status = live.ended
        assert not live.kernel.refused
        # A deadlock hangs on a real machine.
        return live.out.decode(), None if reason in ("deadlock", "max_events") else status


RUNNERS = [Qemu, Simrec(1), Simrec(2), Simrec(4), Simrec(2, "random", 7), Simrec(2, executor="reference")]
