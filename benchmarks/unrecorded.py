"""``python -m benchmarks.unrecorded ELF``: run a program as `simrec run` does, and drop its events."""

import sys
from pathlib import Path

from sim.kernel.console import HostConsole
from sim.kernel.kernel import Kernel
from sim.kernel.options import Options
from sim.machine.executor import executor
from sim.sink import Discard
from simrec.programs import read_executable

_program = read_executable(Path(sys.argv[1])).program
_console = HostConsole(sys.stdin.buffer, sys.stdout.buffer, sys.stderr.buffer)
_kernel = Kernel([_program], Options(harts=1), Discard(), _console, executor())
_kernel.run()
assert _kernel.world.ended is not None
print(f"{int(_kernel.machine.retired.sum())} instructions", file=sys.stderr)
sys.exit(_kernel.world.ended[1])
