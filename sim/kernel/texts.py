"""What stands in the files that the kernel makes itself: /proc and /sys, as far as programs ask for it."""

from typing import TYPE_CHECKING

from sim.kernel import tree
from sim.world import Process

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

_CPU = """\
processor\t: {number}
hart\t\t: {number}
isa\t\t: rv64imafdc_zicsr_zifencei
mmu\t\t: sv39

"""


def text(kernel: "Kernel", process: Process, path: str) -> bytes:
    """The whole text, as it is now."""
    harts = kernel.options.harts
    if path in tree.CPUS:
        return b"0\n" if harts == 1 else b"0-%d\n" % (harts - 1)
    if path == "/proc/cpuinfo":
        return "".join(_CPU.format(number=number) for number in range(harts)).encode()
    return "".join(_map_lines(process)).encode()


def _map_lines(process: Process) -> list[str]:
    """A line for each region, as /proc/self/maps has it."""
    names = {"heap": "[heap]", "stack": "[stack]", "mmap": "", "guard": ""}
    lines = []
    for region in process.space.regions:
        permissions = region.permissions + ("s" if region.shared else "p")
        place = f"{region.start:08x}-{region.end:08x} {permissions} 00000000 00:00 0"
        name = region.name if region.name.startswith("/") else names.get(region.name, process.executable)
        lines.append(f"{place:<72} {name}".rstrip() + "\n")
    return lines
