"""The generated page of the instruction set."""

from sim.isa import INSTRUCTIONS
from sim.isa.compressed import COMPRESSED
from sim.isa.reference import render


def test_every_instruction_has_its_row_once() -> None:
    page = render()
    for instruction in INSTRUCTIONS:
        mnemonic, _, operands = instruction.syntax.partition(" ")
        shown = f"{mnemonic}{'[.aq][.rl]' if instruction.orderings else ''} {operands}".strip()
        assert page.count(f"\n| `{shown}` |") == 1, shown


def test_a_row_says_encoding_meaning_and_cost() -> None:
    row = "| `sub rd,rs1,rs2` | `0100000 rs2 rs1 000 rd 0110011` | `x[rd] = x[rs1] - x[rs2]` | alu |"
    assert row in render().splitlines()


def test_pseudo_instructions_and_directives_are_there() -> None:
    page = render()
    assert "| `seqz rd,rs` | `sltiu rd,rs,1` |" in page.splitlines()
    assert "`.asciz`" in page
    assert "`.if`" in page


def test_tables_have_as_many_cells_as_their_heads() -> None:
    for block in render().split("\n\n"):
        rows = [row.replace("\\|", "") for row in block.splitlines() if row.startswith("|")]
        assert len({row.count("|") for row in rows}) <= 1


def test_short_forms_say_what_they_stand_for() -> None:
    rows = render().splitlines()
    assert "| `c.addi rd,imm` | `000 imm[5] rd imm[4:0] 01` | `addi rd,rd,imm` (rd not 0) |" in rows
    assert all(any(row.startswith(f"| `{each.syntax}` |") for row in rows) for each in COMPRESSED)
