"""The table of directives. Each handler gets the assembly, the directive's token, and a parser behind it.

This module has those that shape the text (macros, repetition, inclusion) and those that are accepted
for compilers' sake; `data` and `places` add the ones that emit data and that deal with sections and symbols.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

from sim.isa.assembler.errors import StatementError
from sim.isa.assembler.feed import LONGEST
from sim.isa.assembler.macros import irp_values, irpc_values, parse_macro, repeat
from sim.isa.assembler.parser import Parser
from sim.isa.assembler.source import Token, read_lines
from sim.isa.registers import REGISTER_SLOTS

if TYPE_CHECKING:
    from sim.isa.assembler.assembly import Assembly

Handler = Callable[["Assembly", Token, Parser], None]
DIRECTIVES: dict[str, Handler] = {}

#: GNU directives that would change the program and aren't here -> what to do instead.
UNSUPPORTED = {
    ".subsection": "use `.section .text.name`",
    ".org": "use `.space` or `.balign`",
    ".altmacro": "plain `.macro` is supported",
    ".insn": "use `.word` for an encoding of your own",
    ".incbin": "use `.byte` or read the file at run time",
    ".warning": "use `.error`",
    ".print": "use `.error`",
    ".struct": "use `.equ`",
    ".symver": "",
    ".bundle_align_mode": "",
    ".reloc": "",
}
_MACRO_OPEN, _MACRO_CLOSE = frozenset((".macro",)), frozenset((".endm", ".end_macro"))
_REPEAT_OPEN, _REPEAT_CLOSE = frozenset((".rept", ".irp", ".irpc")), frozenset((".endr",))
_OPTIONS = (
    "rvc",
    "norvc",
    "relax",
    "norelax",
    "pic",
    "nopic",
    "push",
    "pop",
    "arch",
    "csr-check",
    "no-csr-check",
)


def directive(*names: str) -> Callable[[Handler], Handler]:
    """Register a handler."""

    def register(handler: Handler) -> Handler:
        for name in names:
            DIRECTIVES[name] = handler
        return handler

    return register


@directive(".macro")
def _macro(assembly: Assembly, name: Token, parser: Parser) -> None:
    tokens = parser.tokens[parser.position :]
    body, closer = assembly.feed.capture(_MACRO_OPEN, _MACRO_CLOSE, ".macro")
    ending = closer.tokens[0].text.lower()
    macro = parse_macro(parser.line.text, tokens, body, ending)
    known = assembly.macros.setdefault(macro.name, [])
    if any(not other.rars or len(other.parameters) == len(macro.parameters) for other in known):
        raise StatementError(
            f"macro `{macro.name}` is defined already", tokens[0], "`.purgem` forgets a macro"
        )
    known.append(macro)


@directive(".purgem")
def _purgem(assembly: Assembly, name: Token, parser: Parser) -> None:
    token = parser.name("a macro's name")
    if assembly.macros.pop(token.text, None) is None:
        raise StatementError(f"no macro is named `{token.text}`", token)


@directive(".exitm")
def _exitm(assembly: Assembly, name: Token, parser: Parser) -> None:
    if not assembly.feed.leave_macro():
        raise StatementError("`.exitm` outside of a macro", name)
    assembly.conditions.leave(parser.line)


@directive(".endm", ".end_macro", ".endr")
def _stray(assembly: Assembly, name: Token, parser: Parser) -> None:
    opener = ".rept" if name.text.lower() == ".endr" else ".macro"
    raise StatementError(f"`{name.text}` without `{opener}`", name)


@directive(".rept")
def _rept(assembly: Assembly, name: Token, parser: Parser) -> None:
    body, _ = assembly.feed.capture(_REPEAT_OPEN, _REPEAT_CLOSE, name.text)
    count = parser.constant("a count")
    parser.finish()
    if count < 0:
        raise StatementError(f"the count is negative: {count}", parser.tokens[1])
    if count * len(body) > LONGEST:
        raise StatementError(
            f"{count} repetitions are more than the limit of {LONGEST} statements", parser.tokens[1]
        )
    assembly.expansions += 1
    assembly.feed.push(body * count, "repeat")


@directive(".irp", ".irpc")
def _irp(assembly: Assembly, name: Token, parser: Parser) -> None:
    body, _ = assembly.feed.capture(_REPEAT_OPEN, _REPEAT_CLOSE, name.text)
    parameter = parser.name("a parameter").text
    parser.accept(",")
    tokens = parser.tokens[parser.position :]
    split = irp_values if name.text.lower() == ".irp" else irpc_values
    values = [{parameter: value} for value in split(parser.line.text, tokens)]
    assembly.feed.push(repeat(body, list(values), assembly.expansions), "repeat")
    assembly.expansions += 1


@directive(".include")
def _include(assembly: Assembly, name: Token, parser: Parser) -> None:
    token = parser.token
    wanted = parser.string().decode()
    parser.finish()
    try:
        source = assembly.include(parser.line.path, wanted)
    except FileNotFoundError:
        raise StatementError(
            f"no file `{wanted}`", token, f"it is looked for beside {parser.line.path}"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise StatementError(f"can't read `{wanted}`: {error}", token) from None
    lines, unclosed = read_lines(source, parser.line)
    if unclosed is not None:
        assembly.report(unclosed, StatementError("comment without end"))
    assembly.feed.push(lines, "file")


@directive(".end")
def _end(assembly: Assembly, name: Token, parser: Parser) -> None:
    assembly.feed.stop()


@directive(".error", ".err")
def _error(assembly: Assembly, name: Token, parser: Parser) -> None:
    message = ".err is reached" if parser.at_end() else parser.string().decode("utf-8", "replace")
    raise StatementError(message, name)


@directive(".option")
def _option(assembly: Assembly, name: Token, parser: Parser) -> None:
    """Whether instructions take their short forms; nothing is relaxed at linking anyway."""
    token = parser.name("an option")
    word, *rest = parser.line.text[token.column :].replace(" ", "").split(",")
    if word not in _OPTIONS:
        raise StatementError(f"unknown option `{word}`", token, f"the options are {', '.join(_OPTIONS)}")
    if word in ("rvc", "norvc"):
        assembly.compresses = word == "rvc"
    elif word == "arch":
        assembly.compresses = _with_compressed(rest, assembly.compresses)
    elif word == "push":
        assembly.kept_options.append(assembly.compresses)
    elif word == "pop":
        if not assembly.kept_options:
            raise StatementError("`.option pop` without `.option push`", token)
        assembly.compresses = assembly.kept_options.pop()


def _with_compressed(changes: list[str], compresses: bool) -> bool:
    """What ``+c``, ``-c`` or a whole architecture (``rv64gc``) makes of it."""
    for change in changes:
        if change[:1] in ("+", "-"):
            compresses = change[0] == "+" if change[1:] in ("c", "zca") else compresses
        elif change.startswith("rv"):
            compresses = "c" in re.split("[_zsx]", change[4:])[0]
    return compresses


@directive(
    ".file",
    ".ident",
    ".attribute",
    ".loc",
    ".addrsig",
    ".addrsig_sym",
    ".title",
    ".sbttl",
    ".list",
    ".nolist",
)
def _accepted(assembly: Assembly, name: Token, parser: Parser) -> None:
    """For people and debuggers: the line table is made from the assembly itself."""


_CFI = """
    sections startproc endproc personality lsda def_cfa def_cfa_register def_cfa_offset adjust_cfa_offset
    offset val_offset rel_offset register restore undefined same_value remember_state restore_state
    return_column signal_frame window_save escape
"""
for _name in _CFI.split():
    DIRECTIVES[f".cfi_{_name}"] = _accepted


@directive(".equ", ".set")
def _equ(assembly: Assembly, name: Token, parser: Parser) -> None:
    target = parser.name("a symbol")
    parser.expect(",")
    assembly.assign(target, parser)


@directive(".equiv")
def _equiv(assembly: Assembly, name: Token, parser: Parser) -> None:
    target = parser.name("a symbol")
    parser.expect(",")
    assembly.assign(target, parser, redefinable=False)


@directive(".eqv")
def _eqv(assembly: Assembly, name: Token, parser: Parser) -> None:
    """RARS's: any text; a text that is an expression also is the symbol's value, known everywhere."""
    target = parser.name("a name")
    parser.accept(",")
    if parser.at_end():
        raise StatementError(f"`{target.text}` stands for nothing", target)
    tokens = parser.tokens[parser.position : -1]
    if any(token.text in ("(", ",") or token.text in REGISTER_SLOTS for token in tokens) or not _is_value(
        tokens
    ):
        assembly.scope.check_free(target)
        assembly.aliases[target.text] = list(tokens)
    else:
        assembly.assign(target, parser)


def _is_value(tokens: list[Token]) -> bool:
    """Whether it can be an expression: no string, nothing that follows a name or number without operator."""
    if any(token.kind == "string" or token.text in ("(", ",") for token in tokens):
        return False
    values = [token.kind != "operator" for token in tokens]
    return values[-1] and not any(a and b for a, b in pairwise(values))
