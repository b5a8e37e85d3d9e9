"""What an executable says about its addresses (`sim.program`)."""

from sim.isa.assembler import Source, build
from sim.program import Place, Program

TEXT = """
        .globl main
main:   li a0, 0
again:  bnez a0, again
        ret
        .data
first:  .dword 1
second: .asciz "abc"
"""


def program() -> Program:
    return Program.from_elf("p", build([Source("p.asm", TEXT)]))


def test_code_is_located_by_function_and_line_and_data_by_label() -> None:
    made = program()
    main = next(address for address, name in made.symbols if name == "main")
    assert made.locate(main + 4) == Place("main", 4, "p.asm", 4)
    assert str(made.locate(main)) == "p.asm:3 <main>"
    assert made.name_of(main + 4) == "again"
    assert made.name_of(main + 8) == "main+8"
    first = next(address for address, _, name in made.objects if name == "first")
    assert [made.name_of(first + offset) for offset in (0, 7, 8, 11)] == [
        "first",
        "first+7",
        "second",
        "second+3",
    ]


def test_nothing_is_known_of_addresses_outside_of_the_program() -> None:
    made = program()
    assert made.locate(0x3FFFF00000) == Place("", 0, "", 0)
    assert made.name_of(0x3FFFF00000) == ""
    end = max(address + size for address, size, _ in made.objects)
    assert made.name_of(end + 64) == ""
