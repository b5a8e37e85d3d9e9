"""What the assembler's tests share: our output taken apart, and GNU binutils as the reference.

The reference gets the same text through `as` and `ld`, at the addresses that we chose.
"""

import io
import shutil
import subprocess
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import Symbol, SymbolTableSection

from sim.isa.assembler import AssemblyError, Source, assemble, build, link
from sim.isa.decoder import length_of
from sim.isa.disassembler import disassemble

PREFIX = "riscv64-linux-gnu-"
TOOLS = ("as", "ld", "objdump")
needs_gnu = pytest.mark.skipif(
    not all(shutil.which(PREFIX + tool) for tool in TOOLS),
    reason="binutils for riscv64-linux-gnu not installed",
)
SECTIONS = (".text", ".rodata", ".tdata", ".tbss", ".data", ".bss")
ZEROS = (".tbss", ".bss")


def ours(text: str, **options: str) -> bytes:
    """Our executable; the entry is the start."""
    return link([assemble(Source("t.s", ".globl _start\n_start:\n" + text))], **options)


def contents(elf: bytes) -> dict[str, tuple[int, bytes]]:
    """Address and bytes of the loaded sections that aren't empty (of zeros: their size, as text)."""
    file = ELFFile(io.BytesIO(elf))
    found = {}
    for name in SECTIONS:
        section = file.get_section_by_name(name)
        if section is not None and section["sh_size"]:
            data = str(section["sh_size"]).encode() if name in ZEROS else section.data()
            found[name] = (section["sh_addr"], data)
    return found


def run(*command: str, stdin: str = "") -> str:
    """A tool's output; its complaint if it fails."""
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def gnu(text: str, folder: Path, addresses: dict[str, int]) -> bytes:
    """GNU's executable, sections at the given addresses."""
    (folder / "t.s").write_text(".globl _start\n_start:\n" + text)
    march = "-march=rv64imafd_zicsr_zifencei_zihintpause_zba_zbb_zbs"
    run(PREFIX + "as", march, "-mno-relax", "-o", str(folder / "t.o"), str(folder / "t.s"))
    places = "\n".join(
        f"{name} {addresses.get(name, 0x7000000 + 0x1000 * number):#x} : {{ *({name}) *({name}.*) }}"
        for number, name in enumerate(SECTIONS)
    )
    script = f"ENTRY(_start) SECTIONS {{ {places} }}"
    (folder / "t.ld").write_text(script)
    run(
        PREFIX + "ld",
        "--no-relax",
        "-T",
        str(folder / "t.ld"),
        "-o",
        str(folder / "t.elf"),
        str(folder / "t.o"),
    )
    return (folder / "t.elf").read_bytes()


def assert_same(text: str, folder: Path) -> None:
    """Our sections are GNU's, byte for byte."""
    mine = contents(ours(text))
    theirs = contents(gnu(text, folder, {name: address for name, (address, _) in mine.items()}))
    assert mine == theirs, difference(mine, theirs)


def difference(mine: dict[str, tuple[int, bytes]], theirs: dict[str, tuple[int, bytes]]) -> str:
    """The first word that differs."""
    for name in SECTIONS:
        if mine.get(name) == theirs.get(name):
            continue
        (address, a), (_, b) = mine.get(name, (0, b"")), theirs.get(name, (0, b""))
        for place in range(0, max(len(a), len(b)), 4):
            if a[place : place + 4] != b[place : place + 4]:
                here, there = a[place : place + 4][::-1].hex(), b[place : place + 4][::-1].hex()
                return (
                    f"{name} at {address + place:#x}: ours {here}, GNU's {there}; sizes {len(a)} and {len(b)}"
                )
    return "equal"


def placed_words(text: str, **options: str) -> list[tuple[int, int]]:
    """Addresses and words, of two bytes or four, of the instructions that we make of ``text``."""
    address, data = contents(ours(text, **options))[".text"]
    found, place = [], 0
    while place < len(data):
        length = length_of(data[place])
        found.append((address + place, int.from_bytes(data[place : place + length], "little")))
        place += length
    return found


def words(text: str, **options: str) -> list[int]:
    """The instruction words that we make of ``text``."""
    return [word for _, word in placed_words(text, **options)]


def listing(text: str, **options: str) -> list[str]:
    """The same, disassembled."""
    return [disassemble(word, address) for address, word in placed_words(text, **options)]


def data(text: str) -> bytes:
    """What ``text`` puts into .data."""
    return contents(ours(".data\n" + text))[".data"][1]


def symbols(elf: bytes) -> dict[str, Symbol]:
    """The symbol table by name."""
    table = ELFFile(io.BytesIO(elf)).get_section_by_name(".symtab")
    assert isinstance(table, SymbolTableSection)
    return {symbol.name: symbol for symbol in table.iter_symbols()}


def errors(text: str, path: str = "t.s") -> str:
    """What is said about ``text``; it must not assemble and link."""
    with pytest.raises(AssemblyError) as caught:
        build([Source(path, text)], entry="start" if "start:" in text else None)
    return str(caught.value)
