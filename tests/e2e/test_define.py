"""`--define`: parameters of assembly and C programs, from the command line to the recording."""

import json
from collections.abc import Callable
from pathlib import Path

import cprograms
import pytest
from console import Simrec
from test_bad_input import one_line

ASSEMBLY = """
        .ifndef STATUS
        .equ    STATUS, 3
        .endif
        .globl  main
main:   li      a0, STATUS
        ret
"""
C = """
#ifndef STATUS
#define STATUS 3 /* not MODE */
#endif
#include <stdio.h>
int main(void) { puts("MODE"); return STATUS; }
"""


@pytest.fixture(params=["asm", "c"])
def program(request: pytest.FixtureRequest, write: Callable[..., Path]) -> Path:
    if request.param == "c":
        cprograms.need_clang()
    return write(ASSEMBLY if request.param == "asm" else C + "// .globl", f"program.{request.param}")


def test_a_define_reaches_the_program_and_the_recording(simrec: Simrec, program: Path) -> None:
    plain, given = simrec("run", program), simrec("run", program, "--define", "STATUS=5")
    again = simrec("run", program, "--define", "STATUS=6", "--define", "STATUS=0x9")
    assert (plain.status, given.status, again.status) == (3, 5, 9)
    listed = simrec("runs").output
    assert "--define STATUS=5\n" in listed and "--define STATUS=0x9\n" in listed and "=6" not in listed
    differ = json.loads(simrec("diff", plain.run, given.run, "--json").output)
    assert differ["options"]["defines"] == [[], ["STATUS=5"]]


def test_mistakes_are_told_in_one_line(simrec: Simrec, program: Path) -> None:
    def refused(define: str, *parts: str) -> None:
        one_line(simrec("run", program, "--define", define), 2, *parts)

    refused("STATSU=5", f"--define STATSU=5: {program} never refers to STATSU; did you mean")
    refused("MODE=1", "never refers to MODE")
    for wrong in ("STATUS", "STATUS=", "=5", "5=5", "A B=5"):
        refused(wrong, f"--define {wrong}: write it as NAME=VALUE")


def test_numbers_of_assembly(simrec: Simrec, write: Callable[..., Path]) -> None:
    program = write(ASSEMBLY)
    for text, status in (("010", 8), ("0b101", 5), ("0x10", 16), ("-1", 255), ("+7", 7)):
        assert simrec("run", program, f"--define=STATUS={text}").status == status
    for text in ("five", "1.5", "08"):
        one_line(simrec("run", program, f"--define=STATUS={text}"), 2, "is an integer")
    one_line(simrec("run", program, f"--define=STATUS={1 << 64}"), 2, "fit into 64 bits")


def test_assembling_alone_and_finished_programs(simrec: Simrec, write: Callable[..., Path]) -> None:
    program = write(ASSEMBLY)
    assert simrec("asm", program, "--define", "STATUS=8").status == 0
    assert simrec("run", program.with_suffix(".elf")).status == 8
    refused = simrec("run", program.with_suffix(".elf"), "--define", "STATUS=8")
    one_line(refused, 2, "is a finished program: --define is for sources")


def test_of_several_programs_each_takes_what_it_mentions(simrec: Simrec, write: Callable[..., Path]) -> None:
    first, other = write(ASSEMBLY), write("li a0, 0|ret", "other.asm")
    assert simrec("asm", other, "-o", other.with_suffix(".elf")).status == 0
    assert simrec("run", first, other, "--define", "STATUS=5").status == 5
    assert simrec("run", other.with_suffix(".elf"), first, "--define", "STATUS=7").status == 7
    one_line(simrec("run", first, other, "--define", "NOBODY=5"), 2, f"{first} never refers to NOBODY")


def test_a_source_that_defines_the_name_itself_is_told_how_not_to(
    simrec: Simrec, write: Callable[..., Path]
) -> None:
    answer = simrec("run", write(ASSEMBLY.replace(".ifndef STATUS", ".if 1")), "--define", "STATUS=5")
    assert answer.status == 2
    assert "`STATUS` is defined already, by --define STATUS=5" in answer.errors
    assert "put `.ifndef STATUS` before and `.endif` behind it" in answer.errors


def test_a_c_source_that_defines_the_name_itself_is_told_how_not_to(
    simrec: Simrec, write: Callable[..., Path]
) -> None:
    cprograms.need_clang()
    program = write(C.replace("#ifndef STATUS", "#if 1") + "// .globl", "program.c")
    answer = simrec("run", program, "--define", "STATUS=5")
    assert answer.status == 2
    assert "put `#ifndef STATUS` before and `#endif` behind it" in answer.errors.splitlines()[-1]
