"""ELF files that can't be run, damaged and hostile ones: one message each, in bounded time and memory."""

import struct
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import cprograms
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rig import executor, image_of, options_of

from sim.elf import LARGEST_SEGMENT, BadProgram
from sim.kernel.console import MemoryConsole
from sim.kernel.kernel import Kernel
from sim.program import Program
from sim.sink import Discard

ASSEMBLY = """
_start: la a1, text
        sys SYS_WRITE, 1, , 3
        sys SYS_EXIT, 0
        .data
text:   .ascii "hi\\n"
        .bss
room:   .skip 5000
"""
C = """
#include <unistd.h>
static inline int twice(int x) { return 2 * x; }
int table[100];
int main(int argc, char **argv) {
    for (int i = 0; i < 100; i++)
        table[i] = twice(i * argc);
    return write(1, argv[0], table[3]);
}
"""
#: Where the fields of the header are, and how wide.
HEADER = {
    "e_type": (16, "<H"), "e_machine": (18, "<H"), "e_entry": (24, "<Q"), "e_phoff": (32, "<Q"),
    "e_shoff": (40, "<Q"), "e_phentsize": (54, "<H"), "e_phnum": (56, "<H"), "e_shentsize": (58, "<H"),
    "e_shnum": (60, "<H"), "e_shstrndx": (62, "<H"),
}  # fmt: skip
#: The same, in a program header.
SEGMENT = {
    "p_type": (0, "<I"), "p_flags": (4, "<I"), "p_offset": (8, "<Q"), "p_vaddr": (16, "<Q"),
    "p_filesz": (32, "<Q"), "p_memsz": (40, "<Q"),
}  # fmt: skip


@cache
def good(kind: str) -> bytes:
    """A program that runs: assembled, or compiled."""
    if kind == "assembly":
        return image_of(ASSEMBLY)
    with tempfile.TemporaryDirectory() as folder:
        return cprograms.clang_text(Path(folder), C)


def changed(image: bytes, field: str, value: int, segment: int = 0) -> bytes:
    place, form = HEADER.get(field) or SEGMENT[field]
    if field in SEGMENT:
        place += struct.unpack_from("<Q", image, 32)[0] + 56 * segment
    data = bytearray(image)
    struct.pack_into(form, data, place, value % (1 << 8 * struct.calcsize(form)))
    return bytes(data)


def loaded_up_to(image: bytes) -> int:
    """The end of what the segments hold of the file."""
    table, count = struct.unpack_from("<Q", image, 32)[0], struct.unpack_from("<H", image, 56)[0]
    headers = [struct.unpack_from("<IIQQQQQQ", image, table + 56 * n) for n in range(count)]
    return max(offset + held for kind, _, offset, _, _, held, _, _ in headers if kind == 1)


def load(image: bytes) -> Program:
    return Program.from_elf("bad", image)


def run(image: bytes) -> tuple[str, int]:
    """How a run of the program ends; all its names are asked for."""
    program = load(image)
    kernel = Kernel(
        [program], options_of(max_events=400, ram=8 << 20), Discard(), MemoryConsole(), executor("compiled")
    )
    kernel.run()
    for segment in program.segments:
        for address in range(segment.address, segment.address + min(segment.size, 4096), 6):
            str(program.locate(address))
            program.name_of(address)
    program.files()
    assert program.trouble().count("\n") == 0
    assert kernel.world.ended is not None
    return kernel.world.ended


def test_the_good_ones_run() -> None:
    assert run(good("assembly")) == ("exited", 0)
    assert run(good("c"))[0] in ("exited", "max_events")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda image: b"", "truncated"),
        (lambda image: image[:60], "truncated: an ELF header has 64 bytes, this file 60"),
        (lambda image: b"#!/bin/sh\n" * 10, "not an ELF file"),
        (lambda image: image[:5] + b"\2" + image[6:], "RISC-V, 64 bits, big-endian; simrec runs RISC-V"),
        (lambda image: image[:4] + b"\1" + image[5:], "RISC-V, 32 bits, little-endian"),
        (lambda image: changed(image, "e_machine", 62), "for x86-64, 64 bits"),
        (lambda image: changed(image, "e_machine", 4321), "for machine 4321"),
        (lambda image: changed(image, "e_type", 1), "an object file; link it with -static"),
        (lambda image: changed(image, "e_type", 3), "position-independent; link it with -static -no-pie"),
        (lambda image: changed(image, "e_type", 4), "a core dump"),
        (lambda image: changed(image, "p_type", 3), "dynamically linked; link it with -static"),
        (lambda image: changed(image, "e_phnum", 0), "nothing to load"),
        (lambda image: changed(image, "e_phnum", 65535), "65535 program headers"),
        (lambda image: changed(image, "e_phnum", 1000), "truncated: its program headers"),
        (lambda image: changed(image, "e_phoff", 1 << 63), "truncated: its program headers"),
        (lambda image: changed(image, "e_phentsize", 32), "program headers of 32 bytes"),
        (lambda image: changed(image, "e_entry", 0), "its entry point 0x0 is not in its code"),
        (lambda image: changed(image, "e_entry", 0x10001), "its entry point 0x10001 is not in its code"),
        (lambda image: changed(image, "p_flags", 6), "is not in its code"),
        (lambda image: changed(image, "p_offset", 1 << 62), "truncated: segment at 0x10000"),
        (lambda image: changed(image, "p_filesz", 1 << 40), "doesn't fit user space"),
        (lambda image: changed(image, "p_memsz", LARGEST_SEGMENT + 1), "doesn't fit user space"),
        (lambda image: changed(image, "p_vaddr", 0), "doesn't fit user space"),
        (lambda image: changed(image, "p_vaddr", (1 << 38) - 4096), "doesn't fit user space"),
        (lambda image: changed(image, "p_vaddr", (1 << 64) - 4096), "doesn't fit user space"),
        (lambda image: changed(image, "p_vaddr", 0x10000, segment=1), "segments overlap at 0x10000"),
    ],
)
def test_what_cannot_be_loaded_is_told_in_one_line(change: Callable[[bytes], bytes], said: str) -> None:
    with pytest.raises(BadProgram) as error:
        load(change(good("assembly")))
    text = str(error.value)
    assert text.startswith("bad: ") and said in text and "\n" not in text
    assert error.value.exit_status == 2


def test_dynamic_and_position_independent_programs_of_a_real_linker(tmp_path: Path) -> None:
    cprograms.need(cprograms.GCC)
    for flags, said in (
        (["-pie"], "dynamically linked; link it with -static"),
        (["-no-pie"], "dynamically linked; link it with -static"),
        (
            ["-nostdlib", "-static", "-fPIE", "-Wl,-pie,--no-dynamic-linker"],
            "position-independent; link it with -static -no-pie",
        ),
    ):
        with pytest.raises(BadProgram, match=said):
            load(cprograms.gcc_text(tmp_path, "int main(void) { return 0; }\n", *flags, static=False))


def test_more_than_memory_is_told(tmp_path: Path) -> None:
    image = image_of("_start: sys SYS_EXIT, 0\n.data\n.fill 10000000, 1, 1\n")
    with pytest.raises(BadProgram, match="fit into 8388608 bytes of memory; try --ram"):
        run(image)


def test_a_large_bss_costs_nothing() -> None:
    assert run(image_of("_start: sys SYS_EXIT, 0\n.bss\n.skip 200000000\n")) == ("exited", 0)


@pytest.mark.parametrize("field", ["e_shoff", "e_shentsize", "e_shnum", "e_shstrndx"])
@pytest.mark.parametrize("value", [0, 1, 60, 0xFFFF, 1 << 40, (1 << 64) - 1])
def test_a_program_runs_without_its_sections(field: str, value: int) -> None:
    assert run(changed(good("assembly"), field, value)) == ("exited", 0)


def test_damaged_names_are_told_once_and_cost_nothing_else() -> None:
    program = load(changed(good("assembly"), "e_shoff", 1 << 40))
    assert program.locate(program.entry).line == 0
    assert program.trouble().count("symbols can't be read: ") == 1
    assert program.trouble().count("debug information can't be read: ") == 1


def test_debug_information_that_takes_more_work_than_its_size_explains(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As when many entries point to one long list."""
    monkeypatch.setattr("sim.dwarf.FREE_STEPS", 50)
    monkeypatch.setattr("sim.dwarf.STEPS_PER_BYTE", 0)
    program = load(good("c"))
    assert program.locate(program.entry).function == "_start"
    assert not any(program.locate(pc).line for pc, _ in program.functions)
    assert program.trouble() == (
        "debug information can't be read: it takes more work than its size can explain"
    )


# Mutations: whatever is wrong, a program is refused or runs.

mutation = st.one_of(
    st.tuples(st.just("byte"), st.integers(0, 1 << 20), st.integers(0, 255)),
    st.tuples(st.just("word"), st.integers(0, 1 << 18), st.sampled_from([0, 1, 0x7FFFFFFF, 0xFFFFFFFF])),
    st.tuples(st.just("header"), st.integers(0, 63), st.integers(0, 255)),
    st.tuples(st.just("segment"), st.integers(0, 56 * 4), st.integers(0, 255)),
    st.tuples(st.just("section"), st.integers(0, 64 * 20), st.integers(0, 255)),
    st.tuples(st.just("cut"), st.integers(0, 1 << 20), st.just(0)),
)


def mutate(image: bytes, kind: str, place: int, value: int) -> bytes:
    data = bytearray(image)
    if not data:
        return image
    if kind == "cut":
        return bytes(data[: place % len(data)])
    if kind == "segment":
        place += 64
    if kind == "section":
        place += len(data) - 64 * 20
    if kind == "word" and len(data) >= 8:
        struct.pack_into("<I", data, 4 * place % (len(data) - 4), value)
    else:
        data[place % len(data)] = value
    return bytes(data)


def outcome(image: bytes) -> str:
    """How a run ends, or that it was refused, which takes one line."""
    try:
        return run(image)[0]
    except BadProgram as error:
        return str(error) if "\n" in str(error) else "refused"


@settings(max_examples=300)
@given(st.sampled_from(["assembly", "c"]), st.lists(mutation, min_size=1, max_size=6))
def test_a_mutated_program_is_refused_or_runs(kind: str, changes: list[tuple[str, int, int]]) -> None:
    image = good(kind)
    for change in changes:
        image = mutate(image, *change)
    assert outcome(image) in ("refused", "exited", "signalled", "deadlock", "max_events")


@settings(max_examples=300)
@given(st.integers(0, 1 << 30), st.lists(st.integers(0, 255), min_size=1, max_size=12))
def test_mutated_debug_information_never_stops_a_program(place: int, values: list[int]) -> None:
    """Mutations behind all that is loaded."""
    image = bytearray(good("c"))
    start = loaded_up_to(image)
    for step, value in enumerate(values):
        image[start + (place + 7919 * step) % (len(image) - start)] = value
    assert run(bytes(image))[0] in ("exited", "max_events")
