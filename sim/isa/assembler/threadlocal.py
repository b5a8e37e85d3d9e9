"""Thread-local variables as the linker sees them: which symbols are, and what may refer to them.

The linked program holds one image of them, .tdata with .tbss behind it (PT_TLS). Each thread has a copy of
its own where its tp points (the psABI's variant I, with no gap), so a variable's address is tp plus its
offset in the image: the local-exec model, the one for programs that are linked statically.
"""

from collections.abc import Mapping

from sim.isa.assembler.errors import StatementError
from sim.isa.assembler.expressions import symbols_of
from sim.isa.assembler.sections import Fixup, Symbol

OUTPUTS = (".tdata", ".tbss")
#: What gives the main thread its copy; the linker takes it from the library for programs that have an image.
SETUP = "tls_setup"


def is_thread_local(symbol: Symbol, named: Mapping[str, Symbol]) -> bool:
    """Whether a symbol stands for a thread-local variable; ``named``: global names."""
    if symbol.chunk is not None:
        return symbol.chunk.section.output in OUTPUTS
    if symbol.value is not None:
        return any(is_thread_local(each, named) for each in symbols_of(symbol.value))
    return symbol.name in named and is_thread_local(named[symbol.name], named)


def check_reference(fixup: Fixup, named: Mapping[str, Symbol]) -> None:
    """`StatementError` unless thread-local variables, and only they, are referred to relative to tp."""
    relative = fixup.modifier.startswith("tprel")
    symbols = list(symbols_of(fixup.expression))
    for symbol in symbols:
        if is_thread_local(symbol, named) != relative:
            raise _misuse(symbol.name, fixup.modifier)
    if relative and not symbols:
        raise _misuse("a number", fixup.modifier)


def _misuse(name: str, modifier: str) -> StatementError:
    if modifier.startswith("tprel"):
        hint = "thread-local variables are in `.section .tdata` and `.section .tbss`"
        return StatementError(f"%{modifier} of `{name}`, which is not thread-local", None, hint)
    hint = f"`lui t0,%tprel_hi({name})`, `add t0,t0,tp,%tprel_add({name})`, then `%tprel_lo({name})(t0)`"
    return StatementError(f"`{name}` is thread-local: each thread has its own", None, hint)
