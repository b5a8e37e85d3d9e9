"""Renders the instruction table, the pseudo-instructions and the directives as docs/reference/isa.md."""

import ast
from itertools import groupby

from sim.isa import INSTRUCTIONS, Instruction
from sim.isa.assembler.conditionals import CONDITIONALS
from sim.isa.assembler.directives import DIRECTIVES
from sim.isa.assembler.pseudo import PSEUDO_INSTRUCTIONS
from sim.isa.compressed import COMPRESSED, Compressed

_INTRODUCTION = """\
# The instruction set

Every instruction that simrec knows, as `sim/isa` declares it. The *meaning* is the code that both
executors run: `x` is the register file (`x[fd]` and the like are f registers), `x[PC]` the next pc
(preset to `link`, the address behind the instruction), values are signed 64-bit. The rounding mode `rm`
can be left out: it is then fcsr's (`dyn`), or `rne` where the result is exact. Encodings read from their
highest bit to bit 0. *Cost* is the class in the
cost table.
"""

_COMPRESSED = """\
## RV64C

Short forms, two bytes long: each stands for one instruction of the tables above, and has its meaning
and cost. A register with a prime is one of x8 to x15, or f8 to f15. `.option rvc` makes the assembler
take them wherever GNU as does.

| syntax | encoding | stands for |
|---|---|---|"""


def render() -> str:
    """The page."""
    parts = [_INTRODUCTION]
    for extension, rows in groupby(INSTRUCTIONS, key=lambda instruction: instruction.extension):
        parts.append(f"## {extension}\n\n| syntax | encoding | meaning | cost |\n|---|---|---|---|")
        parts += [_row(instruction) for instruction in rows]
        parts.append("")
    parts.append(_COMPRESSED)
    parts += [_short_row(row) for row in COMPRESSED]
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


def _short_row(row: Compressed) -> str:
    encoding = row.encoding.replace("|", "\\|")
    zero = f" ({' and '.join(row.nonzero)} not 0)" if row.nonzero else ""
    return f"| `{row.syntax}` | `{encoding}` | `{row.expansion}`{zero} |"


def _row(instruction: Instruction) -> str:
    suffixes = "[.aq][.rl]" if instruction.orderings else ""
    mnemonic, _, operands = instruction.syntax.partition(" ")
    syntax = f"{mnemonic}{suffixes} {operands}".strip()
    meaning = "; ".join(" ".join(ast.unparse(statement).split()) for statement in instruction.body)
    meaning = meaning.replace("|", "\\|")
    encoding = instruction.encoding.replace("|", "\\|")
    return f"| `{syntax}` | `{encoding}` | `{meaning}` | {instruction.cost} |"
