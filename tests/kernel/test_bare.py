"""A machine without an operating system: what stands where, who begins where, how it ends."""

from collections.abc import Callable
from typing import Any

import pytest
import rig

from sim import image
from sim.events import KINDS
from sim.isa.assembler import AssemblyError, Source, build
from sim.isa.assembler.dialect import flat
from sim.program import BadProgram, Program
from sim.sink import Discard
from sim.space import PAGE

PLACE = 0x1000
#: References of every kind: relative to pc, absolute in code and data, and differences.
REFERENCES = """
        .text
_start: la      s0, here
        lui     s1, %hi(here)
        addi    s1, s1, %lo(here)
        la      t0, pointer
        ld      s2, 0(t0)
        lui     t0, %hi(pointer)
        ld      s3, %lo(pointer)(t0)
        li      s4, pointer - here
        call    leaf
        lla     s6, zeros
        ebreak
leaf:   auipc   s5, 0
        ret
        .rodata
        .ascii  "odd"
        .data
        .balign 8
here:   .dword  7
pointer: .dword here
        .bss
        .balign 16
zeros:  .space  100
"""


def bare(
    source: str, *, place: int = PLACE, pc: int | None = None, harts: int = 1, **options: Any
) -> rig.Live:
    """Run a source at a place, from its first byte on."""
    begin = place if pc is None else pc
    return rig.run(source, bare=True, place=place, pc=begin, harts=harts, **options)


def registers(live: rig.Live, tid: int = 1) -> list[int]:
    return live.world.threads[tid].registers


@pytest.mark.parametrize("place", [0, 0x1000, 0x1044, 0x12340, 0x200000 - 16])
def test_references_are_right_at_every_place(place: int) -> None:
    live = bare(REFERENCES, place=place)
    here = live.symbol("here")
    assert live.ended == ("halted", 0)
    x = registers(live)
    assert (x[8], x[9], x[18], x[19]) == (here,) * 4
    assert x[20] == 8
    assert x[21] == live.symbol("leaf")
    assert x[22] == live.symbol("zeros") == (here + 16 + 15) & -16
    assert live.symbol("_start") == place


def test_an_image_has_no_gaps() -> None:
    program = rig.program_of(REFERENCES, place=PLACE)
    text, rodata, data = program.segments
    assert text.address == PLACE
    assert rodata.address == text.address + text.size
    assert 0 <= data.address - (rodata.address + rodata.size) < 8
    assert data.size in range(116, 132)
    assert [segment.name for segment in program.segments] == ["text", "rodata", "data"]


def test_code_that_cannot_stand_there() -> None:
    with pytest.raises(AssemblyError, match=r"aligned to 64 bytes can't begin at 0x1010.* is 0x1040"):
        build([Source("t.asm", ".text\n.balign 64\nnop\n")], dialect=flat(0x1010))


def test_there_is_no_library() -> None:
    with pytest.raises(AssemblyError) as caught:
        build([Source("t.asm", "main: call print_str\n call prnt\n")], dialect=flat(PLACE))
    first, second = caught.value.diagnostics
    assert first.hint == "it is the runtime library's: without an operating system there is no library"
    assert "library" not in second.hint


def test_what_a_hart_begins_with(executor: str) -> None:
    live = bare("idle: beqz a0, halt\n j idle\nhalt: ebreak", harts=3, sp=0x9000, executor_name=executor)
    created = live.of("thread", action="created")
    assert [event.tid for event in created] == [1, 2, 3]
    assert live.ended == ("halted", 0)
    assert [registers(live, tid)[10] for tid in (1, 2, 3)] == [0, 1, 2]
    assert {registers(live, tid)[2] for tid in (1, 2, 3)} == {0x9000}
    assert [(hart.tid, hart.retired > 0) for hart in live.world.harts] == [(1, True), (2, True), (3, True)]
    assert all(value == 0 for value in registers(live)[3:10] + registers(live)[11:])


def test_nobody_schedules_and_nothing_costs() -> None:
    live = bare("li t0, 0x40000\n sd t0, 0(t0)\n ld t1, 0(t0)\n ebreak\n", harts=2, pc=PLACE)
    kinds = {event.kind for event in live.events}
    assert not kinds & {"choice", "tlb", "syscall", "io", "output"}
    (first, *_), (last,) = live.of("instruction", hart=0), live.of("run", action="ended")
    # Every tick retires an instruction: nothing is waited for.
    assert last.tick - first.tick + 1 == len(live.of("instruction", hart=0))
    assert len(live.of("context_switch")) == 2


@pytest.mark.parametrize("value", [0, 5, 255, 256, -1])
def test_ebreak_halts_with_the_low_byte_of_a0(value: int) -> None:
    assert bare(f"li a0, {value}\n ebreak\n nop\n").ended == ("halted", value & 0xFF)


@pytest.mark.parametrize(
    ("body", "cause", "address"),
    [
        ("ecall", "ecall", PLACE),
        ("nop", "illegal_instruction", PLACE + 4),
        ("li t0, 0x4000000\n lb t1, 0(t0)", "load", 0x4000000),
        ("sd a0, -8(zero)", "store", -8),
        ("li t0, 0x80000000\n jr t0", "fetch", 0x80000000),
        ("li t0, 0x3fffffc\n jr t0", "illegal_instruction", 0x3FFFFFC),
        ("li t0, 0x3fffffc\n lw t1, 0(t0)\n ld t1, 0(t0)", "load", 0x4000000),
        ("li t0, 0x2001\n lr.w t1, (t0)", "misaligned_atomic", 0x2001),
        ("csrr t0, 0x300", "illegal_instruction", PLACE),
    ],
)
def test_faults_stop_the_machine(body: str, cause: str, address: int, executor: str) -> None:
    live = bare(f"{body}\n", ram=64 << 20, executor_name=executor)
    (fault,) = live.of("fault")
    assert (fault.cause, fault.address, fault.signal) == (cause, address, 0)
    assert live.ended == ("stopped", 6)
    assert live.world.threads[1].state == "running"
    if cause != "fetch":
        assert fault.pc in range(PLACE, PLACE + 16) or fault.pc == address


def test_all_of_ram_is_the_programs() -> None:
    """Also address 0 and the last byte; nothing is kept for a kernel."""
    loop = """
        li      t0, 0x400
        li      t1, 0x10000
1:      sd      t0, 0(t0)
        addi    t0, t0, 1024
        bne     t0, t1, 1b
        ebreak
"""
    live = bare(loop, place=0, ram=0x10000)
    assert live.ended == ("halted", 0)
    assert len(live.world.processes[1].space.pages) == 16
    assert live.world.processes[1].space.read(live.world, 0xFC00, 8) == (0xFC00).to_bytes(8, "little")


def test_a_program_that_does_not_fit() -> None:
    with pytest.raises(BadProgram, match="takes 0xfff8 to 0x10008, and ram ends at 0x10000"):
        bare(".dword 1, 2", place=0xFFF8, ram=0x10000)


def test_code_that_changes_itself(executor: str) -> None:
    source = """
_start: la      t0, patch
        li      t1, 0x00700513          # li a0, 7
        li      s0, 2
again:  nop
patch:  li      a0, 1
        addi    s0, s0, -1
        beqz    s0, done
        sw      t1, 0(t0)
        {fence}
        j       again
done:   ebreak
"""
    assert bare(source.format(fence="fence.i"), executor_name=executor).status == 7
    assert bare(source.format(fence="nop"), executor_name=executor).status == 1


def test_data_is_executed_like_anything_else() -> None:
    live = bare("_start: ebreak\n .data\n .balign 4\nnumber: .dword 100\n", pc=PLACE + 4)
    (one,) = live.of("instruction")
    assert one.pc == PLACE + 4
    assert live.code[0].disassembly == "addi s1,sp,12"
    assert live.of("fault", cause="illegal_instruction")[0].address == PLACE + 6


def test_an_instruction_may_end_in_the_next_page(executor: str) -> None:
    source = ".option rvc\n c.nop\n .option norvc\n li a0, 9\n ebreak\n"
    live = bare(source, place=2 * PAGE - 4, executor_name=executor)
    assert live.status == 9
    assert sorted(live.world.processes[1].space.pages) == [1, 2]


def test_two_harts_meet_in_memory(executor: str) -> None:
    source = """
        la      t0, counter
        li      t1, 500
1:      amoadd.d zero, s0, (t0)
        li      s0, 1
        addi    t1, t1, -1
        bnez    t1, 1b
        la      t2, flags
        slli    a1, a0, 3
        add     a1, a1, t2
        sd      s0, 0(a1)
        bnez    a0, .
2:      ld      t3, 8(t2)
        beqz    t3, 2b
        ld      a0, 0(t0)
        ebreak
        .data
        .balign 8
counter: .dword 0
flags:  .dword 0, 0
"""
    live = bare(source, harts=2, executor_name=executor)
    assert live.world.processes[1].space.read(live.world, live.symbol("counter"), 8) == (998).to_bytes(
        8, "little"
    )
    assert live.status == 998 & 0xFF


def test_both_executors_agree() -> None:
    one, two = (bare(REFERENCES, harts=2, executor_name=name).events for name in ("compiled", "reference"))
    assert one == two


def test_the_state_follows_from_the_log(record: Callable[..., Any]) -> None:
    options = {"bare": True, "place": PLACE, "pc": PLACE, "sp": 0x8000, "harts": 2}
    source = (rig.EXAMPLES / "lessons" / "bare.asm").read_text()
    recorded = record(source, **options)
    log = recorded.recording.log
    assert image.differences(recorded.kernel.world, recorded.recording.state(log.end_seq - 1)) == []
    live = rig.run(source, **options)
    assert image.differences(live.world, rig.folded(live)) == []
    restored = image.Image.of(live.world).restore()
    assert len(restored.memory) == len(live.world.memory)
    assert image.differences(live.world, restored) == []
    assert set(log.kinds()) <= set(KINDS)


def test_recordings_are_deterministic(record: Callable[..., Any]) -> None:
    options = {"bare": True, "place": PLACE, "pc": PLACE, "harts": 2}
    source = (rig.EXAMPLES / "lessons" / "bare.asm").read_text()
    digests = {record(source, store=store, **options).digest for store in ("parquet", "sqlite")}
    assert len(digests) == 1


def test_raw_bytes_have_no_names() -> None:
    from sim.isa.assembler.elf import Image, OutputSection, write_elf

    data = bytes.fromhex("1305b007 73001000")
    elf = write_elf(Image([OutputSection(".text", 0x44, len(data), 1, data)], 0x44, [], [], "."))
    program = Program.from_elf("raw", elf, flat=True)
    assert [(s.address, s.data) for s in program.segments] == [(0x44, data)]
    options = rig.options_of(bare=True, place=0x44, pc=0x44, harts=1)
    from sim.kernel.console import MemoryConsole
    from sim.kernel.kernel import Kernel

    kernel = Kernel([program], options, Discard(), MemoryConsole(), rig.executor("compiled"))
    kernel.run()
    assert kernel.world.ended == ("halted", 123)
