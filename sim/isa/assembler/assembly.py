"""Assembling one source: statement by statement into sections, then layout, then a `Unit`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import sim.isa.assembler.places  # noqa: F401  (declares directives)
from sim.isa.assembler.conditionals import CONDITIONALS, Conditions
from sim.isa.assembler.data import LISTS
from sim.isa.assembler.dialect import GNU, Dialect
from sim.isa.assembler.directives import DIRECTIVES, UNSUPPORTED
from sim.isa.assembler.errors import AssemblyError, Diagnostic, StatementError, diagnose, did_you_mean
from sim.isa.assembler.expressions import CircularError, DivisionError, Expression
from sim.isa.assembler.feed import Feed, directive_of
from sim.isa.assembler.finish import finish_sections
from sim.isa.assembler.forms import forms
from sim.isa.assembler.instructions import assemble_instruction
from sim.isa.assembler.macros import Macro, split_arguments
from sim.isa.assembler.parser import Parser
from sim.isa.assembler.scope import Scope
from sim.isa.assembler.sections import (
    Alignment,
    Branch,
    Fixup,
    Gap,
    Reach,
    Section,
    Symbol,
    check_size,
)
from sim.isa.assembler.source import Line, Origin, Source, Token, names_in, read_lines
from sim.isa.assembler.unit import Unit
from sim.isa.compression import compress
from sim.isa.decoder import decode, length_of
from sim.isa.table import BY_MNEMONIC, Field

#: Reads a file that a source includes: (the including file's path, the name as written) -> the file.
Include = Callable[[str, str], Source]
_PROBE = BY_MNEMONIC["probe"][0]
#: Statements that may define names; if one of them fails, undefined names say nothing.
_DEFINING = frozenset(
    (".include", ".macro", ".rept", ".irp", ".irpc", ".set", ".equ", ".eqv", ".comm", ".lcomm")
)


def _may_define(line: Line) -> bool:
    """Whether a statement that failed would have defined names."""
    return directive_of(line) in _DEFINING or (not line.is_readable and ":" in line.text)


def _short_reach(short: int | None) -> Reach | None:
    """The short form of a branch or jump as another encoding of it."""
    decoded = decode(short) if short is not None else None
    if short is None or decoded is None or decoded.compressed is None:
        return None
    return Reach(short, decoded.compressed.fields["offset"])


def read_include(path: str, name: str) -> Source:
    """The included file, from beside the including one, else from the working directory."""
    for candidate in (Path(path).parent / name, Path(name)):
        if candidate.is_file():
            return Source(str(candidate), candidate.read_text(encoding="utf-8"))
    raise FileNotFoundError(name)


def assemble(
    source: Source,
    *,
    include: Include | None = None,
    dialect: Dialect = GNU,
    defines: Mapping[str, int] | None = None,
) -> Unit:
    """Assemble one translation unit; ``defines`` are names that have a value at its beginning, as by GNU as's
    --defsym. `AssemblyError` with everything that is wrong."""
    assembly = Assembly(source, include or read_include, dialect, defines)
    unit = assembly.run()
    if assembly.diagnostics:
        raise AssemblyError(assembly.diagnostics, unit if assembly.names_known else None)
    return unit


class Assembly:
    """The state of assembling one source; directives and instructions work on it."""

    def __init__(
        self, source: Source, include: Include, dialect: Dialect, defines: Mapping[str, int] | None
    ) -> None:
        self.source = source
        self.dialect = dialect
        self.include = include
        self.sections: dict[str, Section] = {}
        self.section = self.sections[".text"] = Section(".text", ".text", alignment=4)
        self.previous = self.section
        self.section_stack: list[tuple[Section, Section]] = []
        self.scope = Scope(self.section, dialect, defines)
        self.macros: dict[str, list[Macro]] = {}
        self.aliases: dict[str, list[Token]] = {}
        self.conditions = Conditions()
        self.expansions = 0
        #: ``.option rvc``: instructions take their short forms. And what ``.option push`` kept.
        self.compresses = False
        self.kept_options: list[bool] = []
        self.probes: dict[str, None] = {}
        self.probe_numbers: set[int] = set()
        self.diagnostics: list[Diagnostic] = []
        self.names_known = True
        lines, unclosed = read_lines(source)
        self.feed = Feed(lines)
        if unclosed is not None:
            self.report(unclosed, StatementError("comment without end"))
        self._row_line: Origin | None = None
        self._in_data = False
        #: The directive of a list that may go on in the next line.
        self._list: Token | None = None

    def report(self, line: Line, bad: StatementError) -> None:
        """Note an error and go on."""
        self.diagnostics.append(diagnose(line, bad))

    # --- statements

    def run(self) -> Unit:
        """Assemble everything."""
        while (line := self.feed.next_line()) is not None:
            try:
                self._statement(line)
            except StatementError as bad:
                self.names_known &= not _may_define(line)
                self.report(line, bad)
            except CircularError as circular:
                self.report(line, StatementError(f"`{circular}` is defined in terms of itself"))
            except DivisionError:
                self.report(line, StatementError("division by zero"))
        for condition in self.conditions.open:
            self.report(condition.line, StatementError("`.if` without `.endif`"))
        for symbol in self.scope.pending_locals():
            assert symbol.used is not None
            self.report(
                symbol.used.line, StatementError(f"no label `{symbol.name}:` follows", symbol.used.token)
            )
        return self._finish()

    def _statement(self, line: Line) -> None:
        if not self.conditions.active:
            directive = directive_of(line)
            self._note_names(line)
            if directive in CONDITIONALS:
                self.conditions.step(directive, self._parser(line, directive))
            return
        if self.aliases:
            self._replace_aliases(line)
        parser = Parser(line, 0, self.scope)
        while parser.tokens[parser.position + (not parser.at_end())].text == ":":
            self._label(parser.take(), line)
            parser.take()
        if parser.at_end():
            return
        if parser.token.kind != "name" and self._list is not None and not self.section.code:
            DIRECTIVES[self._list.text.lower()](self, self._list, parser)
            return
        name = parser.name("an instruction, a directive or a label")
        if parser.token.text == "=":
            parser.take()
            self.assign(name, parser)
        elif name.text[0] == ".":
            self._directive(name, parser)
        elif name.text in self.macros:
            self._expand(name, parser)
        else:
            self._instruction(name, parser)

    def _note_names(self, line: Line) -> None:
        """A statement that isn't assembled mentions its names all the same."""
        if self.scope.unreferred:
            self.scope.unreferred -= names_in(line)

    def _parser(self, line: Line, directive: str) -> Parser:
        """A parser behind the directive of a statement that may be skipped."""
        if directive in (".endif", ".else") or not self._needs_operands(directive):
            return Parser(Line("", line.shown, line.path, line.number, line.parent, line.via), 0, self.scope)
        position = next(i for i, token in enumerate(line.tokens) if token.text.lower() == directive)
        return Parser(line, position + 1, self.scope)

    def _needs_operands(self, directive: str) -> bool:
        """Whether a condition inside a skipped part is going to be tested."""
        return directive == ".elseif" and not self.conditions.open[-1].taken

    def _label(self, token: Token, line: Line) -> None:
        if token.kind == "name":
            self.scope.define_label(token, line)
        elif token.kind == "number" and token.text.isdigit():
            self.scope.define_local(token, line)
        else:
            raise StatementError("expected a label", token)

    def _directive(self, name: Token, parser: Parser) -> None:
        directive = name.text.lower()
        handler = DIRECTIVES.get(directive)
        if directive in CONDITIONALS:
            self._note_names(parser.line)
            self.conditions.step(directive, parser)
        elif handler is not None:
            self._in_data = True
            self._list = name if self.dialect.blanks and directive in LISTS else None
            handler(self, name, parser)
        elif name.text in self.macros:
            self._expand(name, parser)
        elif directive in UNSUPPORTED or directive.startswith(".cfi_"):
            raise StatementError(f"`{directive}` is not supported", name, UNSUPPORTED.get(directive, ""))
        else:
            hint = did_you_mean(directive, DIRECTIVES.keys() | CONDITIONALS)
            raise StatementError(f"unknown directive `{name.text}`", name, hint)

    def _expand(self, name: Token, parser: Parser) -> None:
        """Put a macro's body in front of what follows; RARS's macros are chosen by their arity too."""
        candidates = self.macros[name.text]
        tokens = parser.tokens[parser.position :]
        chosen = candidates[-1]
        if chosen.rars:
            inner = tokens[1:-2] + tokens[-1:] if tokens[0].text == "(" and tokens[-2].text == ")" else tokens
            count = len(split_arguments(parser.line.text, inner))
            fitting = [macro for macro in candidates if len(macro.parameters) == count]
            if not fitting:
                takes = " or ".join(str(len(macro.parameters)) for macro in candidates)
                raise StatementError(f"macro `{name.text}` takes {takes} arguments, {count} given", name)
            chosen = fitting[-1]
        lines = chosen.expand(parser.line, tokens, self.expansions)
        self.expansions += 1
        self.feed.push(lines, "macro")

    def _instruction(self, name: Token, parser: Parser) -> None:
        if not self.section.code:
            self._check_instruction_place(name)
        origin = Origin(parser.line)
        chunk = self.section.chunks[-1]
        if self._in_data:
            self.section.after_data.append((chunk, len(chunk.data), origin))
            self._in_data = False
        self._row_line = origin
        try:
            assemble_instruction(name, parser, self)
        except StatementError as bad:
            if bad.token is name and self.macros and name.text.lower() not in forms():
                bad.hint = did_you_mean(name.text, forms().keys() | self.macros.keys())
            raise

    def _check_instruction_place(self, name: Token) -> None:
        if self.section.output:
            raise StatementError(
                f"an instruction in section {self.section.name}", name, "`.text` goes back to code"
            )
        raise StatementError(f"section {self.section.name} is not loaded: no code can be in it", name)

    def _replace_aliases(self, line: Line) -> None:
        """RARS's .eqv: put the tokens that a name stands for in its place."""
        tokens: list[Token] = []
        for index, token in enumerate(line.tokens):
            if token.kind == "name" and token.text in self.aliases and index:
                tokens += [Token(kind, text, token.column) for kind, text, _ in self.aliases[token.text]]
            else:
                tokens.append(token)
        if len(tokens) != len(line.tokens) or any(
            a is not b for a, b in zip(tokens, line.tokens, strict=True)
        ):
            line.replace_tokens(tokens)

    def assign(self, name: Token, parser: Parser, redefinable: bool = True) -> None:
        """``name = value``; a register makes the name another name of it."""
        self.scope.check_free(name)
        register = parser.register(parser.token)
        if register is not None and parser.tokens[parser.position + 1].kind == "end":
            self.scope.registers[name.text] = register
            return
        if name.text == ".":
            raise StatementError("`.` can't be assigned", name, "use `.space` or `.balign`")
        value = parser.expression()
        parser.finish()
        self.scope.assign(name, value, parser.line, redefinable)

    # --- output (emitter.Emitter)

    def instruction(self, word: int, origin: Origin, *, fixed: bool = False) -> None:
        """Append an instruction word."""
        chunk = self.section.chunks[-1]
        place = len(chunk.data)
        if self._row_line is not None:
            chunk.rows.append((place, self._row_line))
        is_open = any(fix.offset == place for fix in chunk.fixups[-1:])
        if self.compresses and not fixed and not is_open:
            short = compress(word)
            word = word if short is None else short
        if word & _PROBE.mask == _PROBE.match and not (is_open and chunk.fixups[-1].modifier == "probe"):
            self.probe_numbers.add(_PROBE.fields["imm"].extract(word))
        length = length_of(word)
        self.section.short |= length == 2
        chunk.data += word.to_bytes(length, "little")

    def branch(self, word: int, field: Field, target: Expression, origin: Origin) -> None:
        """Append a branch or jump: at once if its length is known."""
        short = compress(word) if self.compresses else None
        branch = Branch(Reach(word, field), _short_reach(short), target, origin)
        if short is None and not branch.is_conditional:
            self.fix(field, target, "pcrel", origin)
            self.instruction(word, origin, fixed=True)
            return
        self.section.short |= short is not None
        chunk = self.section.chunks[-1]
        if isinstance(target, Symbol) and target.chunk is chunk and not target.weak:
            distance = target.offset - len(chunk.data)
            branch.length = branch.length_for(distance)
            if branch.length <= 4:
                word = branch.reach.word | branch.reach.field.insert(distance)
                self.instruction(word, origin, fixed=True)
                return
        self.section.close(branch)

    def fix(
        self,
        field: Field | None,
        expression: Expression,
        modifier: str,
        origin: Origin,
        size: int = 4,
        probe: str = "",
    ) -> None:
        """Fill in what is appended next, once its value is known."""
        chunk = self.section.chunks[-1]
        if probe:
            self.probes.setdefault(probe)
        chunk.fixups.append(Fixup(len(chunk.data), expression, modifier, field, size, origin, probe))

    def data(self, data: bytes) -> None:
        """Append data."""
        if self.section.zeros:
            if any(data):
                hint = f"put it in `{self.section.filled}`"
                raise StatementError(f"section {self.section.name} holds zeros only", None, hint)
        self.section.chunks[-1].data += data

    def check_space(self, size: int, origin: Origin) -> None:
        """A size in range."""
        check_size(size, origin)

    def enter(self, section: Section) -> None:
        """Go on in another section."""
        self.previous = self.section
        self.section = self.scope.section = section

    def reserve(self, section: Section, token: Token, line: Line, size: int, alignment: int) -> None:
        """Define a label of ``size`` bytes of zeros in ``section``, without going there."""
        section.alignment = max(section.alignment, alignment)
        section.close(Alignment(alignment, None, None))
        current, self.scope.section = self.scope.section, section
        self.scope.define_label(token, line)
        self.scope.section = current
        section.close(Gap(size, b"\0", Origin(line, token)))

    def _finish(self) -> Unit:
        names = [name for name, symbol in self.scope.symbols.items() if symbol.is_defined]
        start = Line("", self.source.text.partition("\n")[0], self.source.path, 1)
        self.diagnostics += finish_sections(self.sections.values(), names, start)
        self.diagnostics.sort(
            key=lambda each: (each.path != self.source.path, each.path, each.line, each.column)
        )
        return Unit(
            self.source.path,
            tuple(self.sections.values()),
            self.scope.symbols,
            tuple(self.probes),
            frozenset(self.probe_numbers),
            frozenset(self.scope.unreferred),
        )
