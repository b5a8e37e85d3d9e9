"""Executables: entry, library, symbols, segments, lines."""

import io
import shutil
import subprocess
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from gnu import contents, ours, symbols

from sim.isa.assembler import AssemblyError, Library, Source, Unit, assemble, build, link

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted((ROOT / "examples").glob("*.asm"))


def unit(text: str, path: str = "t.s") -> Unit:
    return assemble(Source(path, text))


def elf(data: bytes) -> ELFFile:
    return ELFFile(io.BytesIO(data))


def test_the_entry_is_start() -> None:
    assert elf(link([unit("nop\n_start: nop")]))["e_entry"] == 0x10004


def test_without_start_and_main_the_entry_is_the_beginning() -> None:
    assert elf(link([unit("nop\nf: nop")]))["e_entry"] == 0x10000


def test_main_pulls_the_runtimes_start(tmp_path: Path) -> None:
    (tmp_path / "crt0.s").write_text(".globl _start\n_start: call main\n li a7, 93\n ecall\n")
    (tmp_path / "other.s").write_text(".globl unused\nunused: ret\n")
    found = build([Source("t.s", "nop\nmain: ret")], tmp_path)
    assert elf(found)["e_entry"] == symbols(found)["_start"]["st_value"] == 0x10008
    assert symbols(found)["main"]["st_info"]["type"] == "STT_FUNC"
    assert "unused" not in symbols(found)


def test_main_without_a_runtime_is_an_error() -> None:
    with pytest.raises(AssemblyError, match="`main` needs the runtime library's `_start`"):
        link([unit("main: ret")])


def test_an_entry_by_name() -> None:
    assert elf(link([unit("nop\nf: ret")], entry="f"))["e_entry"] == 0x10004
    with pytest.raises(AssemblyError, match="the entry `g` is not defined"):
        link([unit("f: ret")], entry="g")


def test_the_library_is_asked_until_nothing_is_missing(tmp_path: Path) -> None:
    (tmp_path / "a.s").write_text(".globl a\na: tail b\n")
    (tmp_path / "b.s").write_text("  .global b, b2 # two\nb:\nb2: ret\n")
    library = Library(tmp_path)
    assert sorted(library.symbols) == ["a", "b", "b2"]
    found = symbols(link([unit("_start: call a\n call b2")], library))
    assert {"a", "b", "b2"} <= found.keys()


def test_linking_leaves_units_as_they_were() -> None:
    first, second = (
        unit("_start: la a0, x\n.data\nd: .dword _start"),
        unit(".globl x\n.data\nx: .word 1", "x.s"),
    )
    assert link([first, second]) == link([first, second])


def test_local_names_stay_in_their_unit() -> None:
    found = link([unit("_start: j f\nf: nop"), unit("f: .word 1", "b.s")])
    assert contents(found)[".text"][1][:4] == bytes.fromhex("6f004000")


def test_weak_definitions_give_way_and_weak_references_are_zero() -> None:
    weak = unit(".weak f\nf: li a0, 1\n.weak absent\n_start: call f\n.data\n.dword absent")
    strong = unit(".globl f\nf: ret", "b.s")
    found = symbols(link([weak, strong]))
    assert found["f"]["st_info"]["bind"] == "STB_GLOBAL"
    assert contents(link([weak]))[".data"][1] == bytes(8)


def test_common_symbols_are_one() -> None:
    found = link([unit(".comm c, 8\n_start: la a0, c"), unit(".comm c, 16, 16\n la a0, c", "b.s")])
    assert symbols(found)["c"]["st_size"] == 16
    assert contents(found)[".bss"][1] == b"16"


def test_sections_begin_pages_and_bss_follows_data() -> None:
    found = elf(ours("nop\n.rodata\n.byte 1\n.data\n.word 2\n.bss\n.align 3\n.zero 5000"))
    names = ("p_vaddr", "p_flags", "p_filesz", "p_memsz")
    segments = [tuple(each[name] for name in names) for each in found.iter_segments()]
    assert segments == [
        (0x10000, 5, 4, 4),
        (0x11000, 4, 1, 1),
        (0x12000, 6, 4, 5008),
    ]
    assert all((each["p_offset"] - each["p_vaddr"]) % 4096 == 0 for each in found.iter_segments())


def test_the_linkers_own_symbols() -> None:
    text = "la gp, __global_pointer$\n.data\n.dword _end, __bss_start, end, _edata\n.bss\n.zero 32\n"
    address, data = contents(ours(text))[".data"]
    words = [int.from_bytes(data[place : place + 8], "little") for place in range(0, 32, 8)]
    assert words == [address + 64, address + 32, address + 64, address + 32]
    assert symbols(ours(text))["__global_pointer$"]["st_value"] == address + 0x800
    assert "_end" not in symbols(ours("nop"))


def test_functions_have_their_type_and_size() -> None:
    text = "call g\nloop: j loop\ng: nop\n la a0, h\nh: ret\n"
    text += ".data\nd: .word 1\n.type o, @object\n.size o, 4\no: .word 2"
    found = symbols(ours(text))
    seen = {
        name: (found[name]["st_info"]["type"], found[name]["st_size"])
        for name in ("_start", "loop", "g", "h")
    }
    assert seen == {
        "_start": ("STT_FUNC", 12),
        "loop": ("STT_NOTYPE", 0),
        "g": ("STT_FUNC", 12),
        "h": ("STT_FUNC", 4),
    }
    assert (found["o"]["st_info"]["type"], found["o"]["st_size"]) == ("STT_OBJECT", 4)
    # A label of data reaches up to the next one.
    assert (found["d"]["st_info"]["type"], found["d"]["st_size"]) == ("STT_OBJECT", 4)


def lines(data: bytes) -> list[tuple[str, list[tuple[int, int]]]]:
    """Per compile unit its name and its (address, line) rows, through pyelftools."""
    dwarf = elf(data).get_dwarf_info()
    found = []
    for compile_unit in dwarf.iter_CUs():
        top = compile_unit.get_top_DIE()
        program = dwarf.line_program_for_CU(compile_unit)
        states = [
            entry.state for entry in program.get_entries() if entry.state and not entry.state.end_sequence
        ]
        rows = [(state.address, state.line) for state in states]
        found.append((top.attributes["DW_AT_name"].value.decode(), rows))
    return found


def test_lines_are_those_of_the_statements_and_of_a_macros_use() -> None:
    text = "_start: li a0, 4096\n.macro m\nnop\nnop\n.endm\n\n m\n ret\n"
    rows = [(0x10000, 1), (0x10004, 7), (0x10008, 7), (0x1000C, 8)]
    assert lines(link([unit(text), unit(".data\nd: .word 1", "nocode.s"), unit("\nf: ret", "f.s")])) == [
        ("t.s", rows),
        ("f.s", [(0x10010, 2)]),
    ]


def test_lines_far_apart_and_in_included_files() -> None:
    source = Source("t.s", "_start: nop\n" + "\n" * 500 + '.space 4000\n.include "i.s"\nret\n')
    data = link([assemble(source, include=lambda _, name: Source(name, "nop\nnop\n"))])
    assert lines(data) == [("t.s", [(0x10000, 1), (0x10FA4, 1), (0x10FA8, 2), (0x10FAC, 504)])]
    dwarf = elf(data).get_dwarf_info()
    compile_unit = next(dwarf.iter_CUs())
    files = dwarf.line_program_for_CU(compile_unit).header["file_entry"]
    assert [entry.name for entry in files] == [b"t.s", b"i.s"]
    top = compile_unit.get_top_DIE().attributes
    assert (top["DW_AT_low_pc"].value, top["DW_AT_high_pc"].value) == (0x10000, 0xFB0)
    assert top["DW_AT_comp_dir"].value == b"."


def test_the_same_sources_give_the_same_bytes() -> None:
    assert build([EXAMPLES[0]]) == build([EXAMPLES[0]])


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_builds(path: Path) -> None:
    assert elf(build([path]))["e_machine"] == "EM_RISCV"


@pytest.mark.skipif(shutil.which("qemu-riscv64") is None, reason="qemu-riscv64 not installed")
def test_an_example_runs_under_qemu(tmp_path: Path) -> None:
    program = tmp_path / "fib"
    program.write_bytes(build([ROOT / "examples" / "fib.asm"]))
    program.chmod(0o755)
    done = subprocess.run(["qemu-riscv64", str(program)], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("fib(15) = 610\n", 0)
