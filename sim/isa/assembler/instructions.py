"""From a mnemonic and its operands to instruction words, and what is said if no form takes them."""

from __future__ import annotations

from collections.abc import Sequence

from sim.isa.assembler.emitter import Emitter
from sim.isa.assembler.errors import StatementError, did_you_mean
from sim.isa.assembler.forms import AddThreadPointer, Form, LoadImmediate, forms
from sim.isa.assembler.parser import Operand, Parser
from sim.isa.assembler.source import Token
from sim.isa.registers import REGISTER_NUMBERS, REGISTER_SLOTS
from sim.isa.table import BY_MNEMONIC

_KINDS = {
    "r": "a register",
    "f": "an f register",
    "m": "an address as `offset(register)`",
    "v": "a value",
}
#: What an operand is that isn't what it has to be.
_GIVEN = {"r": "an x register", "f": "an f register"}


def assemble_instruction(name: Token, parser: Parser, to: Emitter) -> None:
    """Assemble the statement whose mnemonic is ``name`` and whose operands are next."""
    found = forms().get(name.text) or forms().get(name.text.lower())
    if found is None:
        raise StatementError(
            f"unknown instruction `{name.text}`", name, did_you_mean(name.text.lower(), forms())
        )
    operands = parser.operands()
    form = found.get(_shape(operands)) or _with_labels(found, operands)
    if form is None:
        usual = [form for form in found.values() if not isinstance(form, AddThreadPointer)]
        raise _mismatch(name, operands, usual)
    form.emit(parser, operands, to)


def _shape(operands: list[Operand]) -> str:
    return "".join([operand.shape for operand in operands])


def _with_labels(found: dict[str, Form], operands: list[Operand]) -> Form | None:
    """The form that takes names of f registers as labels: ``call f1`` jumps to a function of that name."""
    shape = _shape(operands)
    form = found.get(shape.replace("f", "v"))
    if form is None or "f" not in shape or isinstance(form, LoadImmediate):
        return None
    rows = BY_MNEMONIC.get(form.syntax.partition(" ")[0], ())
    if any(row.access for row in rows):
        return None
    names = form.syntax.partition(" ")[2].split(",")
    if any(
        operand.shape == "f" and name not in ("target", "offset")
        for name, operand in zip(names, operands, strict=True)
    ):
        return None
    for operand in operands:
        operand.register = None if operand.shape == "f" else operand.register
    return form


def _mismatch(name: Token, operands: list[Operand], found: Sequence[Form]) -> StatementError:
    """Why no form of ``name`` takes these operands."""
    usages = dict.fromkeys(f"`{form.syntax}`" for form in found[:3])
    usage = f"write {' or '.join(usages)}"
    given = _shape(operands)
    for index, operand in enumerate(operands):
        wanted = {
            form.shape[index] for form in found if form.shape[:index] == given[:index] and form.shape[index:]
        }
        if wanted and operand.shape not in wanted:
            kinds = " or ".join(_KINDS[kind] for kind in sorted(wanted, key="rfvm".index))
            message = f"operand {index + 1} of `{name.text}` must be {kinds}"
            if wanted <= {"r", "f"} and operand.shape in _GIVEN:
                message = message.replace("a register", "an x register")
                message += f", `{operand.token.text}` is {_GIVEN[operand.shape]}"
                return StatementError(message, operand.token, usage)
            known = REGISTER_NUMBERS if "r" in wanted else REGISTER_SLOTS
            hint = ""
            if wanted & {"r", "f"} and operand.token.kind == "name":
                hint = did_you_mean(operand.token.text, known)
            return StatementError(message, operand.token, hint or usage)
    counts = sorted({len(form.shape) for form in found})
    takes = " or ".join(map(str, counts))
    plural = "" if counts == [1] else "s"
    message = f"`{name.text}` takes {takes} operand{plural}, {len(operands)} given"
    return StatementError(message, name, usage)
