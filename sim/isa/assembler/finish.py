"""The end of assembling a unit: sections are laid out and all that is constant is filled in."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sim.isa.assembler.errors import Diagnostic, StatementError, diagnose, did_you_mean
from sim.isa.assembler.expressions import (
    CircularError,
    DivisionError,
    NotConstantError,
    constant,
    locate,
    symbols_of,
)
from sim.isa.assembler.fields import RangeError, data_bytes, immediate_bits, low_part, target_bits, upper_bits
from sim.isa.assembler.sections import Fixup, Gap, Section
from sim.isa.assembler.source import Line, Origin
from sim.isa.decoder import length_of
from sim.isa.table import BY_MNEMONIC


def finish_sections(sections: Iterable[Section], known: Iterable[str], line: Line) -> list[Diagnostic]:
    """Lay out, flatten and fill in; what is wrong. ``line`` stands for sections without code."""
    diagnostics: list[Diagnostic] = []
    sections = list(sections)
    placed = []
    for section in sections:
        with _reported(_some_origin(section, line), diagnostics):
            section.lay_out()
            placed.append(section)
    for section in sections:
        for chunk in section.chunks:
            if isinstance(chunk.tail, Gap):
                with _reported(chunk.tail.origin, diagnostics):
                    chunk.tail.check()
    names = list(known)
    for section in placed:
        section.flatten()
        _fill_constants(section, names, diagnostics)
        _check_alignment(section, diagnostics)
    return diagnostics


@contextmanager
def _reported(origin: Origin, diagnostics: list[Diagnostic]) -> Iterator[None]:
    """Errors in the block become diagnostics at ``origin``."""
    try:
        yield
    except StatementError as bad:
        bad.token = bad.token or origin.token
        diagnostics.append(diagnose(origin.line, bad))
    except RangeError as error:
        diagnostics.append(diagnose(origin.line, StatementError(error.message, origin.token, error.hint)))
    except DivisionError:
        diagnostics.append(diagnose(origin.line, StatementError("division by zero", origin.token)))
    except CircularError as circular:
        message = f"`{circular}` is defined in terms of itself"
        diagnostics.append(diagnose(origin.line, StatementError(message, origin.token)))


def _some_origin(section: Section, line: Line) -> Origin:
    """A statement of the section, to report what concerns it as a whole."""
    for chunk in section.chunks:
        if isinstance(chunk.tail, Gap):
            return chunk.tail.origin
        if chunk.rows:
            return chunk.rows[0][1]
    return Origin(line)


def _check_alignment(section: Section, diagnostics: list[Diagnostic]) -> None:
    """Code behind data has to be aligned again, by 2 in a section with short instructions."""
    unit = 2 if section.short else 4
    for chunk, offset, origin in section.after_data if section.code else ():
        place = chunk.start + offset
        if place % unit:
            message = f"the instruction is at {section.name}+{place:#x}, not at a multiple of {unit}"
            diagnostics.append(
                diagnose(origin.line, StatementError(message, None, f"put `.align {unit // 2}` before it"))
            )


def _fill_constants(section: Section, names: list[str], diagnostics: list[Diagnostic]) -> None:
    """What is constant goes in; the rest stays for the linker."""
    data = bytearray(section.data)
    left: list[Fixup] = []
    for fixup in section.fixups:
        if fixup.modifier.startswith(("pcrel", "tprel")) or fixup.modifier == "probe":
            with _reported(fixup.origin, diagnostics):
                if not _fill_near_target(section, fixup, data):
                    left.append(fixup)
            continue
        with _reported(fixup.origin, diagnostics):
            value = constant(fixup.expression)
            if value is not None:
                apply_constant(fixup, value, data)
            elif fixup.modifier == "li" or (fixup.field is not None and not fixup.modifier):
                raise _not_constant(fixup, names)
            else:
                left.append(fixup)
    section.fixups = left
    section.data = bytes(data)


def _fill_near_target(section: Section, fixup: Fixup, data: bytearray) -> bool:
    """Fill in a branch or jump within the section; False if its target is elsewhere or may be replaced."""
    if fixup.modifier != "pcrel" or any(symbol.weak for symbol in symbols_of(fixup.expression)):
        return False
    try:
        base, target = locate(fixup.expression)
    except NotConstantError:
        return False
    if base is not section:
        return False
    assert fixup.field is not None
    merge(data, fixup.offset, target_bits(fixup.field, target - fixup.offset))
    return True


def _not_constant(fixup: Fixup, names: list[str]) -> StatementError:
    """Why an immediate has no value: its symbol is undefined, or an address."""
    token = fixup.origin.token
    for symbol in symbols_of(fixup.expression):
        if not symbol.is_defined:
            message = f"constant `{symbol.name}` is not defined in this file"
            return StatementError(message, token, did_you_mean(symbol.name, names))
    try:
        locate(fixup.expression)
    except NotConstantError:
        return StatementError("the expression mixes addresses that are no constant apart", token)
    what = "li loads constants" if fixup.modifier == "li" else "an immediate is a constant"
    return StatementError(f"{what}, this is an address", token, "`la rd,symbol` loads an address")


def apply_constant(fixup: Fixup, value: int, data: bytearray) -> None:
    """Fill ``value`` in as the fixup's modifier says; `RangeError` if it doesn't fit."""
    place = fixup.offset
    if fixup.modifier == "li":
        if not -(1 << 31) <= value < (1 << 31) - 0x800:
            raise RangeError(f"{value} does not fit into 32 bits", "define it before this li")
        merge(data, place, upper_bits(BY_MNEMONIC["lui"][0].fields["imm"], value))
        merge(data, place + 4, immediate_bits(BY_MNEMONIC["addiw"][0].fields["imm"], low_part(value)))
    elif fixup.field is None:
        data[place : place + fixup.size] = data_bytes(value, fixup.size)
    elif fixup.modifier in ("hi", "tprel_hi"):
        merge(data, place, upper_bits(fixup.field, value))
    else:
        value = low_part(value) if fixup.modifier in ("lo", "tprel_lo") else value
        merge(data, place, immediate_bits(fixup.field, value))


def merge(data: bytearray, place: int, bits: int) -> None:
    """OR ``bits`` into the instruction at ``place``."""
    length = length_of(data[place])
    word = int.from_bytes(data[place : place + length], "little") | bits
    data[place : place + length] = word.to_bytes(length, "little")
