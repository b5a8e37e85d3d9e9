"""The programs that are measured: assembly next to this file, and C that is compiled once, by ziglang."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
LOOP, SYSCALLS, SMALL = HERE / "loop.asm", HERE / "syscalls.asm", HERE / "small.asm"
PREEMPTED, YIELDS, PINGPONG = HERE / "preempted.asm", HERE / "yields.asm", HERE / "pingpong.asm"
COROUTINES, THREADS = HERE / "coroutines.asm", HERE / "threads.asm"
PARTING = HERE / "parting.asm"
#: Where Spike has its memory; a Linux process may be there as well.
_BARE = ("-target", "riscv64-freestanding", "-mcmodel=medany", "-nostdlib", "-fno-builtin")
_BARE_LINK = ("-Wl,--image-base=0x80000000",)
_MUSL = ("-target", "riscv64-linux-musl", "-pthread")


def compiled(name: str, folder: Path, *, symbols: bool = False) -> Path:
    """The static musl ELF of ``name``.c, made in ``folder``. Raises SystemExit."""
    target = folder / (f"{name}-symbols" if symbols else name)
    flags = [*_MUSL, *([] if symbols else ["-s"])]
    return _zig(target, [*flags, "-static", "-O2", str(HERE / f"{name}.c")])


def compute(rounds: int, folder: Path) -> Path:
    """compute.c for so many rounds: it runs under Linux, and on a bare machine with HTIF."""
    flags = [*_BARE, "-static", "-O2", f"-DROUNDS={rounds}", str(HERE / "compute.c"), *_BARE_LINK]
    return _zig(folder / f"compute-{rounds}.elf", flags)


def _zig(target: Path, arguments: list[str]) -> Path:
    if not target.exists():
        command = [sys.executable, "-m", "ziglang", "cc", *arguments, "-o", str(target)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            hint = "pip install 'simrec[c]'" if "No module named ziglang" in done.stderr else ""
            raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}{hint}")
    return target
