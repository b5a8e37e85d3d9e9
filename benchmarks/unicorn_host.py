"""``python unicorn_host.py [--hook] ELF``: a Linux process on Unicorn, with the few system calls that the
measured programs make. With --hook, a Python function is called before every instruction and keeps its pc:
the least that a recorder written on Unicorn would do. Needs nothing but the unicorn package."""

import struct
import sys
from array import array
from pathlib import Path

from unicorn import UC_ARCH_RISCV, UC_HOOK_CODE, UC_HOOK_INTR, UC_MODE_RISCV64, Uc
from unicorn import riscv_const as riscv

PAGE, STACK_TOP, STACK = 4096, 0x3F_FFFF_F000, 1 << 20
ENOSYS, ENOTTY = -38, -25
EXIT, EXIT_GROUP, WRITE, WRITEV, SET_TID_ADDRESS, BRK, MMAP, IOCTL = 93, 94, 64, 66, 96, 214, 222, 29
MSTATUS_FS = 3 << 13


class Process:
    """A loaded program."""

    def __init__(self, image: bytes) -> None:
        self.uc = Uc(UC_ARCH_RISCV, UC_MODE_RISCV64)
        self.status = 0
        self.pcs = array("Q")
        self.mapped: set[int] = set()
        self.mmap_top = STACK_TOP - 2 * STACK
        entry, phoff = struct.unpack_from("<QQ", image, 24)
        size, count = struct.unpack_from("<HH", image, 54)
        headers = [struct.unpack_from("<IIQQQQQQ", image, phoff + i * size) for i in range(count)]
        loaded = [header for header in headers if header[0] == 1]
        for _, _, offset, address, _, held, needed, _ in loaded:
            self.map(address, needed)
            self.uc.mem_write(address, image[offset : offset + held])
        end = max(address + needed for _, _, _, address, _, _, needed, _ in loaded)
        self.brk = self.brk_end = end + PAGE & -PAGE
        self.map(STACK_TOP - STACK, STACK)
        phdr = next((a + phoff - o for _, _, o, a, _, h, _, _ in loaded if o <= phoff < o + h), 0)
        words = (1, STACK_TOP - 64, 0, 0, 3, phdr, 4, size, 5, count, 6, PAGE, 25, STACK_TOP - 32, 0, 0)
        sp = STACK_TOP - 64 - 8 * len(words)
        self.uc.mem_write(sp, struct.pack(f"<{len(words)}Q", *words) + b"program\0")
        self.uc.reg_write(riscv.UC_RISCV_REG_SP, sp)
        self.uc.reg_write(riscv.UC_RISCV_REG_MSTATUS, MSTATUS_FS)
        self.uc.hook_add(UC_HOOK_INTR, self.system_call)
        self.entry = entry

    def map(self, address: int, length: int) -> None:
        """Pages that aren't there yet."""
        for page in range(address // PAGE, (address + length + PAGE - 1) // PAGE):
            if page not in self.mapped:
                self.mapped.add(page)
                self.uc.mem_map(page * PAGE, PAGE)

    def system_call(self, uc: Uc, cause: int, _: object) -> None:
        """What ecall does; a fault ends the run."""
        number, *arguments = (
            uc.reg_read(riscv.UC_RISCV_REG_A0 + register) for register in (7, 0, 1, 2, 3, 4, 5)
        )
        if cause != 8 or number in (EXIT, EXIT_GROUP):
            self.status = arguments[0] & 255 if cause == 8 else 128
            uc.emu_stop()
            return
        uc.reg_write(riscv.UC_RISCV_REG_A0, self.answer(number, arguments) & (1 << 64) - 1)

    def answer(self, number: int, arguments: list[int]) -> int:
        """A system call's result."""
        first, second, third = arguments[:3]
        if number == WRITE:
            return sys.stdout.buffer.write(self.uc.mem_read(second, third))
        if number == WRITEV:
            pieces = struct.iter_unpack("<QQ", self.uc.mem_read(second, 16 * third))
            return sum(sys.stdout.buffer.write(self.uc.mem_read(*piece)) for piece in pieces if piece[1])
        if number == BRK:
            if first >= self.brk:
                self.map(self.brk_end, max(first - self.brk_end, 0))
                self.brk_end = first
            return self.brk_end
        if number == MMAP:
            self.mmap_top -= (second + PAGE - 1) & -PAGE
            self.map(self.mmap_top, second)
            return self.mmap_top
        return {SET_TID_ADDRESS: 1, IOCTL: ENOTTY}.get(number, ENOSYS)

    def keep(self, uc: Uc, address: int, size: int, _: object) -> None:
        """Called before every instruction."""
        self.pcs.append(address)


process = Process(Path(sys.argv[-1]).read_bytes())
if "--hook" in sys.argv:
    process.uc.hook_add(UC_HOOK_CODE, process.keep)
process.uc.emu_start(process.entry, 0)
print(f"{len(process.pcs)} instructions seen", file=sys.stderr)
sys.stdout.flush()
sys.exit(process.status)
