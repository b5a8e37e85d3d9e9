"""execve: another program in the same process."""

from pathlib import Path

import pytest
import rig

from sim.image import differences
from sim.isa.assembler import Source, build
from sim.kernel.tree import Mount

ENOENT, EACCES, ENOEXEC, EFAULT, E2BIG = -2, -13, -8, -14, -7

#: Says its argument count and arguments, and writes to descriptor 5 and 6.
OTHER = """
_start: ld      s0, 0(sp)
        addi    s1, sp, 8
1:      ld      a1, 0(s1)
        beqz    a1, 2f
        sys     SYS_WRITE, 1, , 3
        addi    s1, s1, 8
        j       1b
2:      ld      a1, 8(s1)
        sys     SYS_WRITE, 1, , 3
        la      a1, word
        sys     SYS_WRITE, 5, , 3
        la      a1, word
        sys     SYS_WRITE, 6, , 3
        call    finish
finish: sys     SYS_EXIT, 33
        .data
word:   .ascii  "new"
"""

CALLER = """
_start: sys     SYS_DUP3, 1, 5, 0
        sys     SYS_DUP3, 1, 6, 02000000
        spawn   stack, other
        call    deeper
deeper: {before}
        la      a0, path
        la      a1, arguments
        la      a2, variables
        sys     SYS_EXECVE
        sys     SYS_EXIT, 1
other:  sys     SYS_SCHED_YIELD
        j       other
        .data
path:   .asciz  "{path}"
one:    .asciz  "one"
two:    .asciz  "two"
set:    .asciz  "X=1"
        .align  3
arguments: .dword one, two, 0
variables: .dword set, 0
        .bss
        .align  4
        .zero   256
stack:  .zero   16
"""


@pytest.fixture
def mounts(tmp_path: Path) -> tuple[Mount, ...]:
    other = tmp_path / "other"
    other.write_bytes(build([Source("other.asm", rig.PRELUDE + OTHER)]))
    other.chmod(0o755)
    (tmp_path / "plain").write_bytes(other.read_bytes())
    (tmp_path / "plain").chmod(0o644)
    (tmp_path / "script").write_text("#!/bin/sh\n")
    (tmp_path / "script").chmod(0o755)
    (tmp_path / "broken").write_bytes(other.read_bytes()[:100])
    (tmp_path / "broken").chmod(0o755)
    return (Mount.parse(f"{tmp_path}:/bin"),)


@pytest.mark.parametrize("harts", [1, 2])
def test_another_program_takes_over(mounts: tuple[Mount, ...], harts: int, executor: str) -> None:
    text = CALLER.format(path="/bin/other", before="")
    live = rig.run(text, mounts=mounts, harts=harts, executor_name=executor)
    assert live.ended == ("exited", 33)
    assert live.out == b"onetwoX=1new"
    assert live.results("execve") == [0]
    assert live.results("write")[-1] == -9  # descriptor 6 was to be closed
    assert [event.name for event in live.of("process", action="exec")] == ["/bin/other"]
    assert live.world.threads[2].state == "exited"
    assert live.world.processes[1].name == "/bin/other"
    assert differences(rig.folded(live), live.world) == []
    assert {row.function for row in live.code if row.file == "other.asm"} >= {"_start", "finish"}


def test_calls_of_the_old_program_are_forgotten(mounts: tuple[Mount, ...]) -> None:
    live = rig.run(CALLER.format(path="/bin/other", before=""), mounts=mounts, max_events=1 << 20)
    loaded = live.of("thread", action="loaded")[0].seq
    world = rig.folded(
        rig.Live(live.kernel, live.console, [e for e in live.events if e.seq <= loaded], live.code)
    )
    assert len(world.threads[1].calls) == 0


def test_the_program_itself_again() -> None:
    """With other arguments: it ends when it has one."""
    live = rig.run("""
_start: ld      t0, 0(sp)
        li      t1, 3
        beq     t0, t1, 1f
        la      a0, self
        la      a1, arguments
        sys     SYS_EXECVE, , , 0
1:      sys     SYS_EXIT, 7
        .data
self:   .asciz  "/proc/self/exe"
        .align  3
arguments: .dword self, self, self, 0
""")
    assert live.ended == ("exited", 7)
    assert differences(rig.folded(live), live.world) == []


@pytest.mark.parametrize(
    ("path", "before", "result"),
    [
        ("/bin/none", "", ENOENT),
        ("/bin", "", EACCES),
        ("/bin/plain", "", EACCES),
        ("/bin/script", "", ENOEXEC),
        ("/bin/broken", "", ENOEXEC),
        ("/dev/null", "", EACCES),
        ("/bin/other", "la t0, arguments\n li t1, 8\n sd t1, 0(t0)", EFAULT),
    ],
)
def test_errors(mounts: tuple[Mount, ...], path: str, before: str, result: int) -> None:
    live = rig.run(CALLER.format(path=path, before=before), mounts=mounts, max_events=20_000)
    assert live.results("execve") == [result]
    assert live.of("process", action="exec") == []
    assert live.world.processes[1].name == "test.asm"


def test_a_program_that_does_not_fit(mounts: tuple[Mount, ...]) -> None:
    """Found out while the caller still can be told."""
    text = "_start: sys SYS_EXIT, 0\n .data\n .zero 100000"
    (mounts[0].source / "other").write_bytes(build([Source("other.asm", rig.PRELUDE + text)]))
    live = rig.run(
        CALLER.format(path="/bin/other", before=""), mounts=mounts, ram=4096 * 20, max_events=20_000
    )
    assert live.results("execve") == [-12]


def test_arguments_without_end(mounts: tuple[Mount, ...]) -> None:
    live = rig.run(
        """
_start: la      a0, path
        la      a1, endless
        sys     SYS_EXECVE, , , 0
        sys     SYS_EXIT, 0
        .data
path:   .asciz  "/bin/other"
        .align  3
endless: .rept  70000
        .dword  path
        .endr
""",
        mounts=mounts,
    )
    assert live.results("execve") == [E2BIG]


def test_handlers_of_the_old_program_are_forgotten() -> None:
    """Handled before, SIGUSR1 ends the new program; SIGUSR2 stays ignored."""
    live = rig.run("""
_start: ld      t0, 0(sp)
        li      t1, 3
        beq     t0, t1, 1f
        la      a1, handled
        sys     134, 10, , 0, 8
        la      a1, ignored
        sys     134, 12, , 0, 8
        sys     130, 1, 10
        la      a0, self
        la      a1, arguments
        sys     SYS_EXECVE, , , 0
1:      sys     130, 1, 12
        sys     130, 1, 10
        sys     SYS_EXIT, 0
handler: ret
        .data
self:   .asciz  "/proc/self/exe"
        .align  3
handled: .dword handler, 0, 0
ignored: .dword 1, 0, 0
arguments: .dword self, self, self, 0
""")
    assert live.ended == ("signalled", 128 + 10)
    assert live.results("tkill")[:2] == [0, 0]
    assert differences(rig.folded(live), live.world) == []
