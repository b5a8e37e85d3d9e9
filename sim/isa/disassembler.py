"""From instruction words back to assembly: the table's syntax, with the aliases that objdump uses.

What it writes assembles to the same word (branch targets are absolute addresses); a compressed instruction
reads as what it stands for, which assembles to the same half word under ``.option rvc``.
"""

from collections.abc import Callable, Mapping
from functools import cache, lru_cache

from sim.isa.compression import is_hint
from sim.isa.decoder import CSRS, UNIMP, Decoded, decode, length_of
from sim.isa.registers import ABI_NAMES, FLOAT_NAMES
from sim.isa.table import FLOAT_FIELDS, REGISTER_FIELDS, ROUNDING_MODES

#: Address -> a name for it, ``loop`` or ``loop+0x8``; None if it has none.
SymbolLookup = Callable[[int], str | None]

#: mnemonic -> (operand values that must hold, what is written then), the first that fits. A value can be
#: that of another operand.
ALIASES: dict[str, list[tuple[dict[str, int | str], str]]] = {
    "addi": [
        ({"rd": 0, "rs1": 0, "imm": 0}, "nop"),
        ({"rs1": 0}, "li rd,imm"),
        ({"imm": 0}, "mv rd,rs1"),
    ],
    "addiw": [({"imm": 0}, "sext.w rd,rs1")],
    "xori": [({"imm": -1}, "not rd,rs1")],
    "andi": [({"imm": 255}, "zext.b rd,rs1")],
    "add.uw": [({"rs2": 0}, "zext.w rd,rs1")],
    "sltiu": [({"imm": 1}, "seqz rd,rs1")],
    "sub": [({"rs1": 0}, "neg rd,rs2")],
    "subw": [({"rs1": 0}, "negw rd,rs2")],
    "sltu": [({"rs1": 0}, "snez rd,rs2")],
    "slt": [({"rs2": 0}, "sltz rd,rs1"), ({"rs1": 0}, "sgtz rd,rs2")],
    "beq": [({"rs2": 0}, "beqz rs1,offset")],
    "bne": [({"rs2": 0}, "bnez rs1,offset")],
    "bge": [({"rs1": 0}, "blez rs2,offset"), ({"rs2": 0}, "bgez rs1,offset")],
    "blt": [({"rs2": 0}, "bltz rs1,offset"), ({"rs1": 0}, "bgtz rs2,offset")],
    "jal": [({"rd": 0}, "j offset"), ({"rd": 1}, "jal offset")],
    "jalr": [
        ({"rd": 0, "rs1": 1, "imm": 0}, "ret"),
        ({"rd": 0, "imm": 0}, "jr rs1"),
        ({"rd": 0}, "jr imm(rs1)"),
        ({"rd": 1, "imm": 0}, "jalr rs1"),
        ({"rd": 1}, "jalr imm(rs1)"),
        ({"imm": 0}, "jalr rd,rs1"),
    ],
    "fence": [({"pred": 15, "succ": 15}, "fence"), ({"pred": 1, "succ": 0}, "pause")],
    "csrrw": [
        ({"rd": 0, "csr": 1}, "fsflags rs1"),
        ({"rd": 0, "csr": 2}, "fsrm rs1"),
        ({"rd": 0, "csr": 3}, "fscsr rs1"),
        ({"csr": 1}, "fsflags rd,rs1"),
        ({"csr": 2}, "fsrm rd,rs1"),
        ({"csr": 3}, "fscsr rd,rs1"),
    ],
    "csrrwi": [
        ({"csr": 1}, "fsflagsi rd,zimm"),
        ({"csr": 2}, "fsrmi rd,zimm"),
        ({"rd": 0}, "csrwi csr,zimm"),
    ],
    "csrrs": [
        ({"rs1": 0, "csr": 0xC00}, "rdcycle rd"),
        ({"rs1": 0, "csr": 0xC01}, "rdtime rd"),
        ({"rs1": 0, "csr": 0xC02}, "rdinstret rd"),
        ({"rs1": 0, "csr": 1}, "frflags rd"),
        ({"rs1": 0, "csr": 2}, "frrm rd"),
        ({"rs1": 0, "csr": 3}, "frcsr rd"),
        ({"rs1": 0}, "csrr rd,csr"),
        ({"rd": 0}, "csrs csr,rs1"),
    ],
    "csrrc": [({"rd": 0}, "csrc csr,rs1")],
    "csrrsi": [({"rd": 0}, "csrsi csr,zimm")],
    "csrrci": [({"rd": 0}, "csrci csr,zimm")],
}
for _inject, _alias in (("fsgnj", "fmv"), ("fsgnjn", "fneg"), ("fsgnjx", "fabs")):
    for _format in "sd":
        ALIASES[f"{_inject}.{_format}"] = [({"fs2": "fs1"}, f"{_alias}.{_format} fd,fs1")]
_ROUNDING = {mode: name for name, mode in ROUNDING_MODES.items()}
_ORDERINGS = ("", ".aq", ".rl", ".aqrl")


def disassemble(word: int, pc: int = 0, symbols: SymbolLookup | None = None) -> str:
    """The instruction at ``pc`` as assembly; ``.word`` for what is no instruction.

    Targets are ``10028 <loop>`` if ``symbols`` names them, else ``0x10028``.
    """
    text, offset = _written(word)
    return text if offset is None else text + _target((pc + offset) & 0xFFFF_FFFF_FFFF_FFFF, symbols)


@lru_cache(maxsize=1 << 14)
def _written(word: int) -> tuple[str, int | None]:
    """The instruction, but for a target that ends it; how far from the instruction that is."""
    if word == UNIMP or word & 0xFFFF == 0:
        return "unimp", None
    decoded = decode(word)
    if decoded is None:
        return f".word {word:#010x}" if length_of(word) == 4 else f".half {word & 0xFFFF:#06x}", None
    operands = decoded.operands
    mnemonic, writers = _writers(_syntax(decoded))
    mnemonic += _ORDERINGS[operands.get("aq", 0) | operands.get("rl", 0) << 1]
    if not writers:
        return mnemonic, None
    if operands.get("rm", -1) == decoded.instruction.usual_rounding:
        writers = [writer for writer in writers if writer is not _rounding]
    text = f"{mnemonic} " + ",".join([write(operands) for write in writers])
    return text, operands["offset"] if writers[-1] is _offset else None


def _syntax(decoded: Decoded) -> str:
    """How it is written: as the table does, or as an alias. A hint is written as the short form that
    it is."""
    row, operands = decoded.compressed, decoded.operands
    if row is not None and 0 in operands.values() and is_hint(row, row.values(decoded.word)):
        if operands.get("shamt") == 0:
            return f"{row.mnemonic}64 rd"
        return row.syntax.replace("'", "")
    if row is not None and row.mnemonic == "c.mv":
        return "mv rd,rs2"
    for conditions, alias in ALIASES.get(decoded.instruction.mnemonic, ()):
        for name, value in conditions.items():
            if operands[name] != (operands[value] if isinstance(value, str) else value):
                break
        else:
            return alias
    return decoded.instruction.syntax


Writer = Callable[[Mapping[str, int]], str]


@cache
def _writers(syntax: str) -> tuple[str, list[Writer]]:
    """The mnemonic, and what writes each of the operands."""
    mnemonic, _, rest = syntax.partition(" ")
    return mnemonic, [_writer(name) for name in rest.split(",")] if rest else []


def _writer(name: str) -> Writer:
    """What writes an operand, by its name in the table's syntax."""
    offset, parenthesis, base = name.partition("(")
    if parenthesis:
        base = base.rstrip(")")
        if not offset:
            return lambda operands: f"({ABI_NAMES[operands[base]]})"
        return lambda operands: f"{operands[offset]}({ABI_NAMES[operands[base]]})"
    if name in REGISTER_FIELDS:
        return lambda operands: ABI_NAMES[operands[name]]
    if name in FLOAT_FIELDS:
        return lambda operands: FLOAT_NAMES[operands[name]]
    if name in ("pred", "succ"):
        return lambda operands: _accesses(operands[name])
    if name == "shamt":
        return lambda operands: f"{operands[name]:#x}"
    return _OTHERS.get(name) or (lambda operands: str(operands[name]))


def _offset(operands: Mapping[str, int]) -> str:
    """Nothing: a target is written by `disassemble`, which knows the pc."""
    return ""


def _rounding(operands: Mapping[str, int]) -> str:
    return _ROUNDING[operands["rm"]]


def _upper(operands: Mapping[str, int]) -> str:
    return f"{operands['imm'] >> 12 & 0xFFFFF:#x}"


def _csr(operands: Mapping[str, int]) -> str:
    return CSRS.get(operands["csr"], f"{operands['csr']:#x}")


_OTHERS: dict[str, Writer] = {"offset": _offset, "rm": _rounding, "imm20": _upper, "csr": _csr}


def _accesses(value: int) -> str:
    """What a fence orders."""
    return "".join(letter for letter, bit in zip("iorw", (8, 4, 2, 1), strict=True) if value & bit) or "0"


def _target(address: int, symbols: SymbolLookup | None) -> str:
    name = symbols(address) if symbols is not None else None
    return f"{address:#x}" if not name else f"{address:x} <{name}>"
