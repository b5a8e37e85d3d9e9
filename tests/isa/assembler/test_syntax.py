"""What people write, and what it becomes; seen through the disassembler."""

import io
import struct
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from gnu import contents, data, listing, ours, symbols, words

from sim.isa.assembler import Source, assemble, link
from sim.isa.decoder import length_of


def test_labels_comments_and_separators() -> None:
    text = """
a: b: 1: nop   # one
    j 1b; j a  // two
    /* three
       lines */ j 2f
2:  ret
"""
    assert listing(text) == ["nop", "j 0x10000", "j 0x10000", "j 0x10010", "ret"]


def test_numeric_labels_are_the_nearest() -> None:
    assert listing("1: j 1f\n1: j 1b\n j 1f\n1: nop") == ["j 0x10004", "j 0x10004", "j 0x1000c", "nop"]


@pytest.mark.parametrize(
    ("value", "steps"),
    [
        ("5", ["li a0,5"]),
        ("-2048", ["li a0,-2048"]),
        ("2048", ["lui a0,0x1", "addiw a0,a0,-2048"]),
        ("0x12345000", ["lui a0,0x12345"]),
        ("0x100000000", ["li a0,1", "slli a0,a0,0x20"]),
        ("0xffffffffffffffff", ["li a0,-1"]),
        ("0xffffffff", ["li a0,1", "slli a0,a0,0x20", "addi a0,a0,-1"]),
        ("'a' + 1", ["li a0,98"]),
        (r"'\n'", ["li a0,10"]),
    ],
)
def test_li(value: str, steps: list[str]) -> None:
    found = listing(f"li a0, {value}")
    assert [step.replace("addiw a0,zero,", "li a0,") for step in found] == steps


def test_li_of_a_constant_that_is_defined_later() -> None:
    text = 'li a0, size\n li a1, big\n.data\nm: .ascii "hello"\n.equ size, . - m\n.equ big, 0x12345\n'
    assert listing(text) == ["lui a0,0x0", "addiw a0,a0,5", "lui a1,0x12", "addiw a1,a1,837"]


def test_push_pop_and_probe() -> None:
    assert listing("push ra\n pop s0") == ["addi sp,sp,-8", "sd ra,0(sp)", "ld s0,0(sp)", "addi sp,sp,8"]
    assert listing("probe 7, a0\n slti x0, a0, -7") == ["probe 7,a0", "probe -7,a0"]


def test_probe_names_are_numbered_in_order_of_use_beside_the_numbers_taken() -> None:
    elf = ours(
        ".equ FIXED, 9\nprobe done, a0\nprobe 1, a1\nprobe begun, a2\nprobe done, a3\nprobe FIXED, a4\n"
    )
    text = contents(elf)[".text"][1]
    numbers = [int.from_bytes(text[place : place + 4], "little") >> 20 for place in range(0, len(text), 4)]
    assert numbers == [0, 1, 2, 0, 9]
    found = symbols(elf)
    assert [(name, found[name]["st_value"]) for name in ("probe.done", "probe.begun")] == [
        ("probe.done", 0),
        ("probe.begun", 2),
    ]
    assert found["probe.done"]["st_shndx"] == "SHN_ABS"


def test_registers_by_all_their_names_and_by_set() -> None:
    assert words("mv x10, x8") == words("mv a0, fp") == words("mv a0, s0")
    assert listing(".set counter, s1\n.equ total, a0\nadd total, total, counter") == ["add a0,a0,s1"]


def test_a_constant_branch_target_is_an_address() -> None:
    assert listing("beq a0, a1, 0x10008\n j 0x10000") == ["beq a0,a1,0x10008", "j 0x10000"]


def test_operators_bind_as_in_c() -> None:
    assert data(".byte 1 << 2 + 1, 6 & 3 == 2, 1 | 2 ^ 3, 2 + 3 * 4, -(1 + 2), 7 % 4 - 1") == bytes(
        [8, 0, 1, 14, 253, 2]
    )


def test_rars_macros_and_eqv() -> None:
    text = """
.eqv SYS_EXIT 93
.eqv counter s1
.eqv SLOT 8(sp)
.macro exit (%code)
    li a0, %code
    li a7, SYS_EXIT
    ecall
.end_macro
.macro exit
    exit(0)
.end_macro
.macro count %r %n
    li %r, %n
again: addi %r, %r, -1
    bnez %r, again
.end_macro
    li counter, 3
    sd counter, SLOT
    count t0 5
    count(t1, 6)
    exit
    exit(3)
"""
    assert listing(text) == [
        "li s1,3", "sd s1,8(sp)",
        "li t0,5", "addi t0,t0,-1", "bnez t0,0x1000c",
        "li t1,6", "addi t1,t1,-1", "bnez t1,0x10018",
        "li a0,0", "li a7,93", "ecall",
        "li a0,3", "li a7,93", "ecall",
    ]  # fmt: skip


def test_rars_strings_as_arguments_and_repeated_values() -> None:
    text = '.macro say(%s)\n.data\nl: .asciz %s\n.text\n la a0, l\n.end_macro\n say("a, b; #c")\n say("d")\n'
    assert contents(ours(text))[".data"][1] == b"a, b; #c\0d\0"
    assert data(".byte 1:3, 2") == bytes([1, 1, 1, 2])


def test_strings_and_escapes() -> None:
    assert data(r'.asciz "a\n\t\"\\\0\x41\101", "é"') == b'a\n\t"\\\0AA\0' + "é".encode() + b"\0"
    assert data('.ascii "a" "b", "c"') == b"abc"


def test_floats_are_rounded_to_nearest_ties_to_even() -> None:
    text = "16777217", "16777219", "1e-45", "7e-46", "-0", "0.1"
    expected = [0x4B800000, 0x4B800002, 1, 0, 0x80000000, 0x3DCCCCCD]
    assert struct.unpack("<6I", data(".float " + ", ".join(text))) == tuple(expected)
    assert data(".double 9007199254740993, 0.1:2") == struct.pack("<3d", 9007199254740992.0, 0.1, 0.1)


def test_names_of_f_registers_can_be_labels_where_one_is_jumped_to() -> None:
    text = "f1: nop\n call f1\n beqz a0, f1\n la a0, f1\n fmv.s f1, ft2\n.data\n.dword f1\n"
    assert "beqz a0,0x10000" in listing(text)
    assert contents(ours(text))[".data"][1] == (0x10000).to_bytes(8, "little")


def test_f_registers_have_other_names_by_set_and_eqv() -> None:
    text = ".set total, fa0\n.eqv part, ft3\n fadd.d total, total, part\n"
    assert listing(text) == ["fadd.d fa0,fa0,ft3"]


def test_short_forms_where_asked_for() -> None:
    assert [length_of(word) for word in words("c.addi a0, 1\n addi a0, a0, 1\n c.nop")] == [2, 4, 2]
    text = """
 addi a0, a0, 1
 .option push
 .option rvc
 addi a0, a0, 1
 .option arch, -c
 addi a0, a0, 1
 .option arch, rv64gc
 addi a0, a0, 1
 .option pop
 addi a0, a0, 1
"""
    assert [length_of(word) for word in words(text)] == [4, 2, 4, 2, 4]


def test_the_header_says_which_code_is_in_it() -> None:
    flags = [ELFFile(io.BytesIO(ours(text)))["e_flags"] for text in ("nop", "c.nop", "c.nop; .option rvc")]
    assert flags == [4, 5, 5]


def test_code_behind_short_instructions_may_stand_at_any_even_address() -> None:
    assert listing("c.nop\n nop\n .half 1\n nop\n") == ["nop", "nop", "nop", "nop"]


def test_sections_with_flags_go_where_their_permissions_say() -> None:
    text = """
.section .mine, "aw"
.byte 1
.section .fixed, "a", @progbits
.byte 2
.section .more, "ax"
ret
.section .note.GNU-stack, "", @progbits
.byte 3
.pushsection .data
.byte 4
.popsection
.byte 5
.section .zeros, "aw", @nobits
.space 9
.data
.byte 6
.previous
.space 1
"""
    found = contents(ours(text))
    assert found[".data"][1] == b"\1\4\6"
    assert found[".rodata"][1] == b"\2"
    assert found[".text"][1] == bytes.fromhex("67800000")
    assert found[".bss"][1] == b"10"


def test_includes_are_found_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "inner.s").write_text(".equ N, 4\n")
    (tmp_path / "lib" / "outer.s").write_text('.include "inner.s"\n')
    source = Source(str(tmp_path / "main.s"), '.include "lib/outer.s"\nli a0, N\n')
    assert b"\x13\x05\x40\x00" in link([assemble(source)])


def test_includes_through_a_reader_of_ones_own() -> None:
    unit = assemble(
        Source("main.s", '.include "x"\nli a0, N\n'),
        include=lambda path, name: Source(name, f"# for {path}\nN = 4\n"),
    )
    assert unit.sections[0].data == b"\x13\x05\x40\x00"


def test_what_compilers_write_is_accepted() -> None:
    text = """
	.file	"x.c"
	.option nopic
	.attribute arch, "rv64i2p1_m2p0_a2p1_c2p0"
	.attribute unaligned_access, 0
	.attribute stack_align, 16
	.text
	.section	.rodata.str1.8,"aMS",@progbits,1
	.align	3
.LC0:
	.string	"hello"
	.section	.text.startup,"ax",@progbits
	.align	1
	.globl	f
	.type	f, @function
f:
.LFB0:
	.cfi_startproc
	addi	sp,sp,-16
	.cfi_def_cfa_offset 16
	call	f@plt
	lui	a0,%hi(.LC0)
	addi	a0,a0,%lo(.LC0)
	sd	ra,8(sp)
	.cfi_offset 1, -8
	.loc 1 5 3 is_stmt 1 view .LVU1
	ret
	.cfi_endproc
.LFE0:
	.size	f, .-f
	.comm	shared,8,8
	.section	.debug_info,"",@progbits
	.4byte	.LFE0-.LFB0
	.uleb128 .LFE0-.LFB0
	.ident	"GCC: (Debian 12.2.0-14) 12.2.0"
	.section	.note.GNU-stack,"",@progbits
"""
    elf = ours(text)
    assert len(contents(elf)[".text"][1]) == 28
    assert symbols(elf)["f"]["st_size"] == 28
    assert symbols(elf)["shared"]["st_size"] == 8
    assert ".LC0" not in symbols(elf)


def test_end_ends() -> None:
    assert listing("nop\n.end\nnonsense here\n") == ["nop"]
