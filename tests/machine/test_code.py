"""Code: decoded where control comes to it, over the end of a page, and anew when it has been rewritten."""

import rig

#: Two pages at PLACE; ``put`` copies halfwords there; then control goes to PLACE + 4094.
PLACE = 0x4000_0000
START = f"""
_start: li      a0, {PLACE}
        sys     SYS_MMAP, , 8192, 7, 0x32, -1, 0
        mv      s0, a0
        li      t0, 4094
        add     s1, s0, t0
        li      a0, 0
"""
#: addi a0, a0, 5 by halves, then c.jr ra.
ADDI, SECOND, RETURN = 0x0513, 0x0055, 0x8082
PUT = f"""
        li      t0, {ADDI:#x}
        sh      t0, 0(s1)
        li      t0, {SECOND:#x}
        sh      t0, 2(s1)
        li      t0, {RETURN:#x}
        sh      t0, 4(s1)
"""


def test_an_instruction_may_end_in_the_next_page(executor: str) -> None:
    live = rig.run(f"{START}{PUT} fence.i\n jalr s1\n jalr s1\n sys SYS_EXIT", executor_name=executor)
    assert live.status == 10
    rows = [row for row in live.code if row.pc == PLACE + 4094]
    assert [(row.word, row.length, row.disassembly) for row in rows] == [(0x00550513, 4, "addi a0,a0,5")]
    retired = [event.pc for event in live.of("instruction") if event.pc >= PLACE]
    assert retired == [PLACE + 4094, PLACE + 4098] * 2


def test_its_second_half_may_be_rewritten(executor: str) -> None:
    """Only the page that the instruction ends in is written, and fence.i makes it count."""
    live = rig.run(
        f"""{START}{PUT} fence.i
        jalr    s1
        li      t0, 0x0075
        sh      t0, 2(s1)
        fence.i
        jalr    s1
        sys     SYS_EXIT""",
        executor_name=executor,
    )
    assert live.status == 12
    rows = [row for row in live.code if row.pc == PLACE + 4094]
    assert [row.disassembly for row in rows] == ["addi a0,a0,5", "addi a0,a0,7"]


def test_its_second_half_must_be_executable(executor: str) -> None:
    """The fault is at the half that can't be fetched; the instruction doesn't retire."""
    live = rig.run(
        f"""{START}{PUT}
        addi    a0, s1, 2
        sys     SYS_MPROTECT, , 4096, 3
        fence.i
        jalr    s1
        sys     SYS_EXIT""",
        executor_name=executor,
    )
    (fault,) = live.of("fault")
    assert (fault.cause, fault.address, fault.pc) == ("fetch", PLACE + 4096, PLACE + 4094)
    assert live.of("instruction")[-1].pc < PLACE


def test_its_second_half_may_be_in_a_page_that_was_never_touched(executor: str) -> None:
    """0x0000 above 0x0513: addi a0, zero, 0, and then a page of zeros, which are no instructions."""
    live = rig.run(
        f"{START} li t0, {ADDI:#x}\n sh t0, 0(s1)\n fence.i\n jalr s1\n sys SYS_EXIT",
        executor_name=executor,
    )
    (fault,) = live.of("fault")
    assert (fault.cause, fault.pc) == ("illegal_instruction", PLACE + 4098)
    assert live.of("instruction")[-1].pc == PLACE + 4094


def test_a_jump_into_the_middle_of_an_instruction_runs_what_stands_there(executor: str) -> None:
    """lui a0, 0x45050: its upper half is c.li a0, 1... and then the next instruction goes on."""
    live = rig.run(
        "_start: la t0, over + 2\n jr t0\n over: .word 0x45050537\n sys SYS_EXIT", executor_name=executor
    )
    assert live.status == 1
    shown = {row.pc: row.disassembly for row in live.code}
    assert shown[live.symbol("over") + 2] == "li a0,1"
    assert live.symbol("over") not in shown


def test_code_that_control_never_comes_to_has_no_rows() -> None:
    live = rig.run("_start: sys SYS_EXIT, 0\n j _start\nnever: nop")
    described = {row.pc for row in live.code}
    assert live.symbol("_start") in described
    assert live.symbol("never") not in described
