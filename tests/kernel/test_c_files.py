"""Compiled C programs that use files, pipes and memory, under musl and glibc, compared with qemu-user."""

from collections.abc import Callable
from pathlib import Path

import cprograms
import pytest
import rig

from sim.kernel.tree import Mount

PROGRAMS = Path(__file__).parent / "programs"
Compile = Callable[..., bytes]


@pytest.fixture(params=["musl", "glibc"])
def compiled(request: pytest.FixtureRequest) -> Compile:
    """Compiles a source to an ELF."""
    return cprograms.clang if request.param == "musl" else cprograms.gcc


def folder(path: Path) -> Path:
    path.mkdir()
    (path / "given").write_text("one\ntwo\nthree\n")
    return path


def test_standard_io_on_a_mount(compiled: Compile, tmp_path: Path) -> None:
    image = compiled(PROGRAMS / "files.c")
    ours, theirs = folder(tmp_path / "ours"), folder(tmp_path / "theirs")
    mounts = (Mount.parse(f"{ours}:/data:rw"),)
    live = rig.run(image, keep=False, arguments=("/data",), mounts=mounts)
    assert (live.status, live.out) == cprograms.qemu(image, tmp_path, str(theirs))
    assert live.out.count(b"\n") == 26
    files = [{path.name: path.read_bytes() for path in place.iterdir()} for place in (ours, theirs)]
    assert files[0] == files[1] and len(files[0]["numbers"]) == 24246


@pytest.mark.parametrize("harts", [1, 2])
def test_pipes_between_threads(compiled: Compile, harts: int, tmp_path: Path) -> None:
    image = compiled(PROGRAMS / "pipes.c")
    live = rig.run(image, keep=False, harts=harts)
    assert (live.status, live.out) == cprograms.qemu(image, tmp_path)
    assert live.out == b"poll 1\n3000 lines, 184890 bytes\nend 0\n"


@pytest.mark.parametrize("harts", [1, 4])
def test_blocks_of_all_sizes(compiled: Compile, harts: int, tmp_path: Path) -> None:
    image = compiled(PROGRAMS / "memory.c")
    live = rig.run(image, keep=False, harts=harts)
    assert (live.status, live.out) == cprograms.qemu(image, tmp_path)
    assert live.out == b"wrong 0, too much 0\n"


def test_lines_come_out_as_they_are_printed(compiled: Compile, tmp_path: Path) -> None:
    """The console is a terminal, so a program that hangs or dies has shown what it printed."""
    (tmp_path / "lines.c").write_text("""
#include <stdio.h>
#include <unistd.h>
int main(void) { printf("one\\n"); printf("two\\nrest"); _exit(isatty(1) ? 0 : 1); }
""")
    live = rig.run(compiled(tmp_path / "lines.c"))
    assert live.status == 0
    assert b"".join(event.data for event in live.of("output")) == b"one\ntwo\n"
    assert len(live.of("output")) >= 2


def test_a_prompt_stands_before_the_answer_is_read(tmp_path: Path) -> None:
    """glibc writes what waits in standard output before it reads from a terminal."""
    (tmp_path / "prompt.c").write_text("""
#include <stdio.h>
int main(void) { int n; printf("number? "); scanf("%d", &n); printf("%d\\n", 2 * n); }
""")
    live = rig.run(cprograms.gcc(tmp_path / "prompt.c"), stdin=b"21\n")
    assert live.out == b"number? 42\n"
    assert live.of("output")[0].seq < live.of("input")[0].seq


def test_the_programs_headers_are_found(compiled: Compile, tmp_path: Path) -> None:
    """AT_PHDR and the rest, as the C library reads them (getauxval)."""
    (tmp_path / "vector.c").write_text("""
#include <elf.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <unistd.h>
extern void _start(void);
int main(int argc, char **argv)
{
    const Elf64_Phdr *headers = (const Elf64_Phdr *)getauxval(AT_PHDR);
    int loads = 0;
    for (unsigned long i = 0; i < getauxval(AT_PHNUM); i++)
        loads += headers[i].p_type == PT_LOAD;
    printf("%d %d %lu\\n", loads > 1, getauxval(AT_ENTRY) == (unsigned long)_start, getauxval(AT_PAGESZ));
    printf("%#lx %ld\\n", getauxval(AT_HWCAP) & 0x112d, sysconf(_SC_CLK_TCK));
    return getauxval(AT_SECURE) + getauxval(AT_BASE);
}
""")
    image = compiled(tmp_path / "vector.c")
    live = rig.run(image)
    assert (live.status, live.out) == cprograms.qemu(image, tmp_path)


def test_the_stack_is_found(tmp_path: Path) -> None:
    """glibc reads /proc/self/maps for it; musl tries with mremap."""
    (tmp_path / "stack.c").write_text("""
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
int main(void)
{
    pthread_attr_t attributes;
    void *bottom;
    size_t size;
    if (pthread_getattr_np(pthread_self(), &attributes) || pthread_attr_getstack(&attributes, &bottom, &size))
        return 1;
    return !((char *)&size > (char *)bottom && (char *)&size < (char *)bottom + size);
}
""")
    for compiled in (cprograms.gcc, cprograms.clang):
        assert rig.run(compiled(tmp_path / "stack.c"), keep=False).ended == ("exited", 0)
