"""What RARS reads otherwise than GNU as, and where it puts things."""

import pytest
from gnu import contents, symbols

from sim.isa.assembler import RARS, AssemblyError, Source, build
from sim.isa.decoder import length_of
from sim.isa.disassembler import disassemble


def assembled(text: str) -> bytes:
    return build([Source("t.asm", text)], dialect=RARS)


def listing(text: str) -> list[str]:
    """The program's instructions, without the exit behind its end."""
    address, code = contents(assembled(text))[".text"]
    found = [
        disassemble(int.from_bytes(code[place : place + 4], "little"), address + place)
        for place in range(0, len(code), 4)
    ]
    assert all(length_of(code[place]) == 4 for place in range(0, len(code), 4))
    assert found[-2:] == ["li a7,10", "ecall"]
    return found[:-2]


def data(text: str) -> bytes:
    return contents(assembled(".data\n" + text))[".data"][1]


def errors(text: str) -> str:
    with pytest.raises(AssemblyError) as caught:
        assembled(text)
    return str(caught.value)


def test_hexadecimal_numbers_of_32_bits_are_signed() -> None:
    assert listing("xori x14, x1, 0xffffff0f") == ["xori a4,ra,-241"]
    assert listing("andi t0, t0, 0xFFFFF800\n addi t0, t0, 0x7ff") == ["andi t0,t0,-2048", "addi t0,t0,2047"]
    assert listing("li t0, 0xffffffff\n li t0, 0x80000000") == ["li t0,-1", "lui t0,0x80000"]
    assert listing(".eqv MASK, 0xfffffff0\n andi a0, a0, MASK") == ["andi a0,a0,-16"]
    assert listing("li t0, 0x00000000ffffffff")[-1] == "addi t0,t0,-1"
    assert "immediate 4095 is out of range" in errors("addi a0, a0, 0xfff")
    assert data(".dword 0xffffffff, 4294967295") == b"\xff" * 12 + bytes(4)


def test_sections_stand_where_rars_has_them() -> None:
    elf = assembled(".data\nd: .word 1\n.text\nnop\nmain: nop\n")
    assert {name: address for name, (address, _) in contents(elf).items()} == {
        ".text": 0x400000,
        ".data": 0x10010000,
    }
    assert int.from_bytes(elf[24:32], "little") == 0x400004
    assert int.from_bytes(assembled("nop\nloop: nop\n")[24:32], "little") == 0x400000


def test_a_section_goes_on_at_an_address() -> None:
    elf = assembled(".data 0x10010000\na: .word 1\n.data 0x10010010\nb: .word 2\n.text 0x400000\nnop\n")
    assert contents(elf)[".data"][1] == bytes([1, *[0] * 15, 2, 0, 0, 0])
    assert symbols(elf)["b"]["st_value"] == 0x10010010
    assert "the size is negative" in errors(".data\n.word 1, 2\n.data 0x10010004\n.word 3\nnop")


def test_data_are_aligned_with_their_labels() -> None:
    text = ".byte 1\na:\nb: .word 2\n.byte 3\nc: .half 4\n.byte 5\nd: .double 1.0\n.byte 6\ne: .byte 7\n"
    elf = assembled(f".data\n{text}")
    expected = {"a": 4, "b": 4, "c": 10, "d": 16, "e": 25}
    assert {name: symbols(elf)[name]["st_value"] - 0x10010000 for name in expected} == expected
    assert data(text)[:12] == bytes([1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 4, 0])


def test_labels_as_memory_operands() -> None:
    text = ".data\nw: .word 1\n.text\nlw t0, w\nsw t0, w, t1\nflw fa0, w, t1\nb end\nend: csrw t0, fcsr\n"
    assert listing(text) == [
        "auipc t0,0xfc10",
        "lw t0,0(t0)",
        "auipc t1,0xfc10",
        "sw t0,-8(t1)",
        "auipc t1,0xfc10",
        "flw fa0,-16(t1)",
        "j 0x40001c",
        "fscsr t0",
    ]


def test_the_runtime_library_is_not_linked() -> None:
    assert "undefined symbol `print_int`" in errors("main: call print_int")


def test_other_sources_are_read_as_ever() -> None:
    plain = build([Source("t.s", ".globl _start\n_start: nop\n.data\n.byte 1\n.word 2, 0xffffffff\n")])
    assert contents(plain)[".data"] == (0x11000, bytes([1, 2, 0, 0, 0, 255, 255, 255, 255]))


def test_operands_need_no_commas() -> None:
    text = (
        "add t0 t1 t2\n addi t0 t0 -5\n lw t0 4(t1)\n sc.w a1, x0 (a0)\n csrw t0 fcsr\nli t0 5\n fence 1 1\n"
    )
    assert listing(text + "loop: beq t0 t1 loop\n csrrw t0 fflags t1") == [
        "add t0,t1,t2",
        "addi t0,t0,-5",
        "lw t0,4(t1)",
        "sc.w a1,zero,(a0)",
        "fscsr t0",
        "li t0,5",
        "fence w,w",
        "beq t0,t1,0x40001c",
        "fsflags t0,t1",
    ]


def test_lists_go_on_in_the_next_line() -> None:
    assert data('.byte 1, 2\n 3 4\n -5\n.ascii "a"\n "b"\n') == bytes([1, 2, 3, 4, 251]) + b"ab"
    assert "expected an instruction" in errors(".data\n.space 4\n 5\n")


def test_characters_by_their_code_points() -> None:
    assert data(r'.asciz "\u0054\u2605 \u73"') == "T\u2605 s\0".encode()
