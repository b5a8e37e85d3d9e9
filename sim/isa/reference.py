"""Renders the instruction table, the pseudo-instructions and the directives as docs/reference/isa.md."""

import ast
from itertools import groupby

from sim.isa import INSTRUCTIONS, Instruction
from sim.isa.assembler.conditionals import CONDITIONALS
from sim.isa.assembler.directives import DIRECTIVES
from sim.isa.assembler.pseudo import PSEUDO_INSTRUCTIONS

_INTRODUCTION = """\
# The instruction set

Every instruction that simrec knows, as `sim/isa` declares it. The *meaning* is the code that both
executors run: `x` is the register file, `x[PC]` the next pc (preset to `link`, the address behind the
instruction), values are signed 64-bit. Encodings read from bit 31 to bit 0. *Cost* is the class in the
cost table.
"""


def render() -> str:
    """The page."""
    parts = [_INTRODUCTION]
    for extension, rows in groupby(INSTRUCTIONS, key=lambda instruction: instruction.extension):
        parts.append(f"## {extension}\n\n| syntax | encoding | meaning | cost |\n|---|---|---|---|")
        parts += [_row(instruction) for instruction in rows]
        parts.append("")
    parts += ["## Pseudo-instructions\n", "| syntax | stands for |", "|---|---|"]
    pseudo = [*PSEUDO_INSTRUCTIONS, ("li rd,imm", "the shortest of addi, lui, addiw, slli that gives imm")]
    parts += [
        f"| `{syntax}` | `{expansion}` |" for syntax, expansion in sorted(pseudo, key=lambda pair: pair[0])
    ]
    names = sorted(DIRECTIVES.keys() | CONDITIONALS)
    shown = [f"`{name}`" for name in names if not name.startswith(".cfi_")]
    parts += ["\n## Directives\n", ", ".join(shown) + ", `.cfi_*`.", ""]
    return "\n".join(parts)


def _row(instruction: Instruction) -> str:
    suffixes = "[.aq][.rl]" if instruction.orderings else ""
    mnemonic, _, operands = instruction.syntax.partition(" ")
    syntax = f"{mnemonic}{suffixes} {operands}".strip()
    meaning = "; ".join(" ".join(ast.unparse(statement).split()) for statement in instruction.body)
    meaning = meaning.replace("|", "\\|")
    encoding = instruction.encoding.replace("|", "\\|")
    return f"| `{syntax}` | `{encoding}` | `{meaning}` | {instruction.cost} |"
