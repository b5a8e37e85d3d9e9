"""Recordings of what a test does with the kernel: Ctrl-C, a recorder that dies, a machine that lies."""

from collections.abc import Callable

import rig

from recorder.catalog import Catalog
from recorder.keeping import Keeping
from recorder.program import Program as RecordedProgram
from recorder.reader import Log
from recorder.recorder import Recorder
from replay.recording import Recording
from sim.kernel.console import MemoryConsole
from sim.kernel.kernel import Kernel
from sim.kernel.options import Options


class Interrupting(MemoryConsole):
    """Ctrl-C comes while the program waits for its third input."""

    kernel: Kernel
    reads = 0

    def read(self, count: int) -> bytes:
        self.reads += 1
        if self.reads == 3:
            self.kernel.interrupted = True
            raise InterruptedError
        return b"x" * count


class Broken(MemoryConsole):
    """Can't be read."""

    def read(self, count: int) -> bytes:
        raise OSError


class OtherCosts(Options):
    """A machine that takes other times than it says."""

    def as_json(self) -> str:
        return Options().as_json()


def recorded_by_hand(
    catalog: Catalog,
    source: rig.Runnable,
    console: MemoryConsole,
    after_step: Callable[[Kernel], None] = lambda kernel: None,
    segments: int = 0,
    store: str = "parquet",
    options: Options | None = None,
    detail: str = "full",
) -> Recording:
    """A recording of what ``after_step`` does with the kernel; cut off behind so many ``segments``."""
    options = options or Options()
    program = rig.program_of(source)
    made = [RecordedProgram(program.name, program.name, rig.image_of(source))]
    recorder = Recorder.start(catalog, made, Options().as_dict(), Keeping(store, detail=detail))
    kernel = Kernel([program], options, recorder, console, rig.executor("compiled"))
    console.kernel = kernel  # type: ignore[attr-defined]
    step = kernel._step

    def observed() -> None:
        step()
        after_step(kernel)
        if segments and recorder._number == segments:
            raise KeyboardInterrupt

    kernel._step = observed  # type: ignore[method-assign]
    try:
        kernel.run()
        assert kernel.world.ended is not None
        reason, status = kernel.world.ended
        run = recorder.close("interrupted" if reason == "interrupted" else "complete", reason, status)
    except KeyboardInterrupt:
        run = recorder.abort("killed")
    return Recording(Log(catalog, run))
