"""C programs at the command line: compiled, recorded, shown by source line; and what can go wrong."""

import json
from collections.abc import Callable
from pathlib import Path

import cprograms
import pytest
from console import Answer, Simrec
from test_bad_input import one_line

COUNT = """\
#include <pthread.h>
#include <simrec.h>
#include <stdio.h>
SIMREC_PROBE_NAME(turns, 3);
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long counter;
static inline void bump(long by)
{
    pthread_mutex_lock(&lock);
    counter += by;
    pthread_mutex_unlock(&lock);
}
static void *work(void *by)
{
    for (int i = 0; i < 20; i++) {
        bump((long)by);
        SIMREC_PROBE(turns, i);
    }
    return NULL;
}
int main(int argc, char **argv)
{
    pthread_t threads[2];
    for (long i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, work, (void *)(i + 1));
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    printf("%s: %ld\\n", argc > 1 ? argv[1] : "counter", counter);
    return 7;
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory to compile in."""
    cprograms.need_clang()
    (tmp_path / "count.c").write_text(COUNT)
    return tmp_path


def test_flags_are_for_those_programs_that_are_compiled(simrec: Simrec, folder: Path) -> None:
    (folder / "flag.c").write_text("int main(void) { return STATUS; }\n")
    (folder / "zero.asm").write_text("        .globl main\nmain:   li a0, 0\n        ret\n")
    answer = simrec("run", "zero.asm", "flag.c", "--cflags", "-DSTATUS=6", cwd=folder)
    assert answer.status == 6
    assert "process 2 flag.c: exited with status 6" in answer.errors


@pytest.fixture
def counted(simrec: Simrec, folder: Path) -> Callable[..., Answer]:
    """Commands on a recording of count.c, whose source is gone."""
    answer = simrec("run", "count.c", "--", "sum", cwd=folder)
    assert (answer.status, answer.output) == (7, "sum: 60\n")
    (folder / "count.c").unlink()
    return simrec


def test_a_run_is_shown_by_source_lines_and_inlined_calls(counted: Simrec) -> None:
    found = json.loads(counted("query", STORES_TO_COUNTER, "--json").output)
    assert {(row["file"], row["line"], row["function"]) for row in found} == {("count.c", 10, "bump")}
    assert len(found) == 40
    shown = counted("replay", "--at", str(found[0]["seq"])).output
    assert "  count.c:10 | counter += by;\n" in shown
    assert "inlined by work count.c:16" in shown
    stack = shown[shown.index("call stack\n", shown.index("bump (inlined)") - 200) :]
    assert "bump (inlined)  count.c:11 | pthread_mutex_unlock(&lock);\n" in stack
    assert "work            count.c:16 | bump((long)by);\n" in stack
    events = counted("events", "--from", str(found[0]["seq"]), "--to", str(found[0]["seq"])).output
    assert "count.c:10" in events and "[counter] = " in events


STORES_TO_COUNTER = """
    select instruction.seq, file, line, function from instruction join code using (pc)
    where effect = 'store' and function = 'bump' and line = 10 order by 1
"""


def test_locks_and_probes_have_the_names_of_the_source(counted: Simrec) -> None:
    contention = counted("contention").output
    assert "\nlock " in contention
    assert "count.c:9" in contention
    assert " turns " in counted("stats").output
    assert "turns = 19" in counted("events", "--kind", "probe").output


def test_the_same_source_gives_the_same_events_and_no_difference(simrec: Simrec, folder: Path) -> None:
    other = folder / "other"
    other.mkdir()
    (other / "count.c").write_text(COUNT)
    for name, directory in (("first", folder), ("second", other)):
        assert simrec("run", "count.c", "--name", name, cwd=directory).status == 7
    answer = simrec("diff", "first", "second")
    assert answer.status == 0 and "program" not in answer.output


def test_a_fault_names_the_line(simrec: Simrec, folder: Path) -> None:
    (folder / "null.c").write_text(
        "static int get(int *p)\n{\n    return *p;\n}\nint main(void) { return get(0); }\n"
    )
    answer = simrec("run", "null.c", "--cflags", "-O0", cwd=folder)
    assert answer.status == 139
    assert "null.c:3 <get" in answer.errors
    assert "  3 | return *p;\n" in answer.errors


def test_c_that_does_not_compile(simrec: Simrec, folder: Path) -> None:
    (folder / "bad.c").write_text("int main(void) { retrun 0; }\n")
    answer = simrec("run", "bad.c", cwd=folder)
    assert (answer.status, answer.output) == (2, "")
    assert answer.errors.startswith("simrec: bad.c doesn't compile\nbad.c:1:18: error: ")
    assert simrec("runs").output == ""


def test_warnings_are_shown_and_the_program_runs(simrec: Simrec, folder: Path) -> None:
    (folder / "warn.c").write_text("int main(void) { int unused; return 0; }\n")
    for _ in range(2):
        answer = simrec("run", "warn.c", "--cflags", "-Wall -Wextra", cwd=folder)
        assert answer.status == 0
        assert "warn.c:1:22: warning: unused variable 'unused'" in answer.errors


def test_flags_for_what_is_not_compiled(simrec: Simrec, folder: Path) -> None:
    (folder / "plain.asm").write_text("main: ret\n")
    one_line(
        simrec("run", "plain.asm", "--cflags", "-O2", cwd=folder), 2, "--cflags are for C and C++ sources"
    )
    one_line(simrec("run", "count.c", "--cflags", "-o x", cwd=folder), 2, "--cflags can't have -o")
    one_line(simrec("run", "cuont.c", cwd=folder), 2, "no such file; did you mean count.c?")


def test_broken_debug_information_is_told_once(simrec: Simrec, folder: Path) -> None:
    image = bytearray(cprograms.clang(folder / "count.c"))
    place = image.index(b".debug_info\0")
    image[place : place + 6] = b".debug_line\0"[:6]
    at = int.from_bytes(image[40:48], "little")
    for header in range(at, len(image) - 63, 64):
        if int.from_bytes(image[header + 4 : header + 8], "little") == 1:
            flags = int.from_bytes(image[header + 8 : header + 16], "little")
            if not flags:
                image[header + 32 : header + 40] = (24).to_bytes(8, "little")
    (folder / "broken.elf").write_bytes(image)
    answer = simrec("run", "broken.elf", cwd=folder)
    assert answer.status == 7
    assert answer.errors.count("debug information can't be read: ") == 1


def test_code_that_rewrites_itself(simrec: Simrec, folder: Path) -> None:
    (folder / "jit.c").write_text(JIT)
    answer = simrec("run", "jit.c", cwd=folder)
    assert (answer.status, answer.output) == (0, "1 2 3\n")
    made = json.loads(
        simrec(
            "query",
            "select disassembly, seq from code where word & 4095 = 1299 and function = '' order by seq",
            "--json",
        ).output
    )
    assert [row["disassembly"] for row in made] == ["li a0,1", "li a0,2", "li a0,3"]


JIT = """\
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
int main(void)
{
    uint32_t *code = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int results[3];
    for (uint32_t value = 1; value <= 3; value++) {
        code[0] = value << 20 | 0x513; /* li a0, value */
        code[1] = 0x8067;              /* ret */
        __builtin___clear_cache((char *)code, (char *)(code + 2));
        results[value - 1] = ((int (*)(void))code)();
    }
    printf("%d %d %d\\n", results[0], results[1], results[2]);
    return 0;
}
"""


@pytest.mark.parametrize("libc", ["musl", "glibc"])
def test_a_deadlock_names_locks_holders_and_whom_a_join_waits_for(
    simrec: Simrec, tmp_path: Path, libc: str
) -> None:
    source = Path("examples/c/deadlock.c").absolute()
    image = cprograms.clang(source) if libc == "musl" else cprograms.gcc(source)
    (tmp_path / "deadlock").write_bytes(image)
    answer = simrec("run", "deadlock", cwd=tmp_path)
    assert answer.status == 3
    assert "thread 1 waits for thread 2 to end, at " in answer.errors
    assert "thread 2 waits for mutex bob, held by thread 3, at " in answer.errors
    assert "thread 3 waits for mutex alice, held by thread 2, at " in answer.errors


def test_threads_are_called_by_the_programs_own_functions(
    counted: Callable[..., Answer], folder: Path
) -> None:
    """Not by the C library's that come first."""
    picture = folder / "picture.html"
    assert counted("timeline", "-o", str(picture)).status == 0
    text = picture.read_text()
    assert "thread 1 main" in text and "thread 2 work" in text
    assert "__init_libc" not in text
