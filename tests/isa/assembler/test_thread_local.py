"""Thread-local variables: their image in the executable, and what may refer to them."""

import io
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from gnu import assert_same, contents, errors, listing, needs_gnu, ours, symbols

from sim.isa.assembler import Source, assemble, build, link
from sim.program import Program

VARIABLES = """
 .section .tdata
 .byte 1
 .align 3
first: .dword 5
second: .word 7
 .section .tbss
 .align 4
zeros: .zero 24
last: .zero 8
"""
USES = """
 lui t0,%tprel_hi(first)
 add t0,t0,tp,%tprel_add(first)
 ld t1,%tprel_lo(first)(t0)
 sd t1,%tprel_lo(zeros+8)(t0)
 lw t2,%tprel_lo(second)(tp)
 addi t3,tp,%tprel_lo(last)
"""


def image_of(elf: bytes) -> dict[str, int]:
    (found,) = (each for each in ELFFile(io.BytesIO(elf)).iter_segments() if each["p_type"] == "PT_TLS")
    return dict(found.header)


@needs_gnu
def test_code_and_image_are_gnus(tmp_path: Path) -> None:
    assert_same(USES + VARIABLES, tmp_path)


@needs_gnu
def test_far_variables_are_gnus(tmp_path: Path) -> None:
    """Beyond 2 KiB from tp the upper part counts."""
    far = " .section .tbss\n .zero 0x12345\nfar: .word 0\n"
    code = " lui a0,%tprel_hi(far)\n add a0,a0,tp,%tprel_add(far)\n lw a0,%tprel_lo(far)(a0)\n"
    assert_same(code + far, tmp_path)
    assert listing(code + far)[0] == "lui a0,0x12"


@needs_gnu
def test_the_addition_is_never_short(tmp_path: Path) -> None:
    text = " .option rvc\n lui a0,%tprel_hi(last)\n add a0,a0,tp,%tprel_add(last)\n add a0,a0,tp\n"
    assert_same(text + VARIABLES, tmp_path)


def test_the_image_is_a_segment() -> None:
    elf = ours(USES + VARIABLES)
    places = contents(elf)
    image = image_of(elf)
    assert (image["p_vaddr"], image["p_filesz"]) == (places[".tdata"][0], 20)
    assert (image["p_memsz"], image["p_align"]) == (32 + 32, 16)
    assert places[".tbss"] == (places[".tdata"][0] + 32, b"32")


def test_zeros_alone_are_an_image_without_bytes() -> None:
    elf = ours(" lw a0,%tprel_lo(x)(tp)\n.data\n.word 1\n.section .tbss\n.align 6\nx: .zero 100\n")
    image = image_of(elf)
    assert (image["p_filesz"], image["p_memsz"], image["p_align"]) == (0, 100, 64)


def test_symbols_are_offsets_in_the_image() -> None:
    found = symbols(ours(USES + VARIABLES))
    places = {name: found[name]["st_value"] for name in ("first", "second", "zeros", "last")}
    assert places == {"first": 8, "second": 16, "zeros": 32, "last": 56}
    assert found["first"]["st_info"]["type"] == found["last"]["st_info"]["type"] == "STT_TLS"


def test_offsets_are_no_addresses() -> None:
    """A program's names of data don't have them."""
    program = Program.from_elf("t", ours(USES + VARIABLES + " .data\nplain: .word 1\n"))
    assert [name for _, _, name in program.objects] == ["plain"]


def test_units_share_one_image() -> None:
    here = assemble(Source("a.s", "_start: lw a0,%tprel_lo(y)(tp)\n.section .tdata\nx: .word 1\n"))
    there = assemble(Source("b.s", ".globl y\n.section .tdata\ny: .word 2\n"))
    elf = link([here, there])
    assert contents(elf)[".tdata"][1] == bytes.fromhex("01000000 02000000")
    assert symbols(elf)["y"]["st_value"] == 4


def test_a_program_that_has_an_image_gets_the_librarys_setup_and_its_own_headers() -> None:
    plain, local = ("main: ret\n", "main: ret\n.section .tbss\nx: .word 0\n")
    without, with_image = (build([Source("t.s", text)]) for text in (plain, local))
    assert "tls_setup" not in symbols(without)
    assert symbols(with_image)["tls_setup"]["st_info"]["type"] == "STT_FUNC"
    starts = [each["p_vaddr"] for each in ELFFile(io.BytesIO(with_image)).iter_segments()]
    assert starts[0] == symbols(with_image)["__ehdr_start"]["st_value"] == 0xF000
    loaded = next(ELFFile(io.BytesIO(with_image)).iter_segments())
    assert loaded.data() == with_image[: loaded["p_filesz"]]
    assert loaded["p_filesz"] == 64 + 56 * len(starts)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("la a0, x", "`x` is thread-local: each thread has its own"),
        ("lw a0, x", "`x` is thread-local: each thread has its own"),
        (".data\n.dword x", "`x` is thread-local: each thread has its own"),
        (".set y, x+1\nlui a0, %hi(y)", "`x` is thread-local: each thread has its own"),
        ("lui a0, %tprel_hi(start)", "%tprel_hi of `start`, which is not thread-local"),
        ("lw a0, %tprel_lo(8)(tp)", "%tprel_lo of `a number`, which is not thread-local"),
        ("lw a0, %tprel_hi(x)(tp)", "%tprel_hi belongs in lui and auipc"),
        ("addi a0, tp, %tprel_add(x)", "%tprel_add belongs in add rd,rs,tp,%tprel_add(symbol)"),
        ("add a0, a0, tp, %tprel_lo(x)", "the fourth operand of `add` is %tprel_add(symbol)"),
        (".section .tbss\n.word 1", "section .tbss holds zeros only"),
    ],
)
def test_misuse_is_told(text: str, message: str) -> None:
    told = errors(f"start: {text}\n.section .tbss\nx: .word 0\n")
    assert message in told
    assert "no %pcrel_hi" not in told
