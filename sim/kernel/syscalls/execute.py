"""execve: another program in the place of the one that calls."""

from collections.abc import Generator
from typing import TYPE_CHECKING

from sim.events import Event, Process, Thread
from sim.kernel import errno, loader, paging
from sim.kernel.errno import Failure
from sim.kernel.stack import STACK_TOP, Start, TooLong, initial_stack
from sim.kernel.syscalls import transfer
from sim.kernel.syscalls.children import runs_alone
from sim.kernel.syscalls.paths import AT_FDCWD, existing, read_path
from sim.kernel.syscalls.table import Call, Deed, syscall
from sim.kernel.syscalls.waiting import settle
from sim.kernel.tree import Node
from sim.program import BadProgram, Program
from sim.space import PAGE

if TYPE_CHECKING:
    from sim.kernel.kernel import Kernel

#: Bytes of one argument, and arguments (linux/binfmts.h has more of them, which no stack holds here).
ARGUMENT_MAX, ARGUMENTS_MAX = 32 * PAGE, 1 << 16
#: Bytes of a program's file.
PROGRAM_MAX = 1 << 28


@syscall(221, "execve")
def execve(kernel: "Kernel", call: Call) -> Deed:
    """execve(path, arguments, environment): a static ELF file of a mount, or a program of the run's"""
    path, arguments, environment = call.arguments[:3]
    node = yield from existing(kernel, call, AT_FDCWD, read_path(kernel, call, path))
    program = yield from _program_at(kernel, call, node)
    start = Start(node.path, _strings(kernel, call, arguments) or (b"",), _strings(kernel, call, environment))
    try:
        pointer, stack = initial_stack(program, start, kernel.options.stack)
        loader.check_layout(program)
    except TooLong:
        return errno.E2BIG
    except BadProgram:
        return errno.ENOEXEC
    sharers, pages = kernel.world.sharers, call.process.space.pages
    if _pages(program, pointer) > paging.room(kernel.world) + sum(f not in sharers for f in pages.values()):
        return errno.ENOMEM
    yield from _leave(kernel, call, node.path)
    kernel.replace_program(call.process.pid, program)
    yield from loader.place(kernel.world, call.process.pid, program, pointer, stack, kernel.options)
    registers = loader.first_registers(program, pointer)
    yield Thread(tid=call.thread.tid, pid=call.process.pid, action="loaded", registers=registers)
    return 0


def _program_at(kernel: "Kernel", call: Call, node: Node) -> Generator[Event, None, Program]:
    """Raises Failure. A program that is read leaves a ``host`` event with its image (`recorder.program`)."""
    mine = node.path == call.process.executable
    if node.form == "program":
        named = (program for program in kernel.programs if node.path == f"/{program.name}")
        return kernel.program_of(call.process.pid) if mine else next(named)
    if node.form != "file" or not node.mode & 0o100 or node.place is None:
        raise Failure(errno.EACCES)
    if mine:
        return kernel.program_of(call.process.pid)
    try:
        image = kernel.host.read_whole(node.place, PROGRAM_MAX)
    except Failure as failure:
        yield transfer.answer(call, "read", node.path, result=failure.number)
        raise
    yield transfer.answer(call, "read", node.path, size=len(image), data=image)
    try:
        return Program.from_elf(node.path, image)
    except BadProgram as error:
        kernel.refuse(f"execve of {error}")
        raise Failure(errno.ENOEXEC) from None


def _strings(kernel: "Kernel", call: Call, address: int) -> tuple[bytes, ...]:
    """A null-terminated array of strings; a null pointer is an empty one. Raises Failure, BadAddress."""
    found: list[bytes] = []
    while address:
        data = paging.copy_in(kernel.world, call.process, address + 8 * len(found), 8)
        pointer = int.from_bytes(data, "little")
        if not pointer:
            break
        text = paging.copy_string(kernel.world, call.process, pointer, ARGUMENT_MAX)
        if text is None or len(found) == ARGUMENTS_MAX:
            raise Failure(errno.E2BIG)
        found.append(text)
    return tuple(found)


def _pages(program: Program, pointer: int) -> int:
    """Physical frames that the program takes before it has run."""
    sizes = [len(segment.data) + segment.address % PAGE for segment in program.segments]
    return sum(-(-size // PAGE) for size in sizes) + (STACK_TOP - pointer) // PAGE + 1


def _leave(kernel: "Kernel", call: Call, path: str) -> Generator[Event, None, None]:
    """The program that calls is gone: its other threads, its memory, what it wanted closed."""
    process = call.process
    for tid in list(process.threads):
        if tid != call.thread.tid:
            hart = kernel.world.threads[tid].hart
            yield Thread(tid=tid, pid=process.pid, action="exited", hart=hart, status=0)
    closing = [entry.file for entry in process.files.values() if entry.cloexec]
    changed = {kernel.world.files.opened[number].pipe for number in closing}
    yield Process(pid=process.pid, action="exec", name=path)
    kernel.machine.flush()
    kernel.host.forget(kernel.world.files)
    yield from settle(kernel, changed, call.thread.tid)
    yield from runs_alone(kernel, process, call.thread.tid)
