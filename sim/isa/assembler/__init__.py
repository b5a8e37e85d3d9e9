"""The assembler and linker: GNU ``as`` syntax for RISC-V in, an ELF executable out.

`assemble` makes a `Unit` of a `Source`; `link` lays units out, fills in addresses, and writes the ELF
with symbols and a line table; `build` does both, with the runtime library. Text flows
`source -> parser -> instructions, directives -> sections -> finish -> unit -> linker -> elf, dwarf`.

Where it differs from GNU as, on purpose: operators bind as in C; data and immediates that don't fit are
errors, not truncated; code behind data must be aligned again; a branch to a constant address stays
short; ``li`` also takes a constant defined later in the file (as lui and addiw); ``//`` begins a comment;
RARS's macros and ``.eqv``, ``push``, ``pop`` and ``probe`` are known. ``c.*`` instructions can be written
anywhere, and stay short; short forms are taken by themselves only under ``.option rvc``, at first it is
``norvc``. Nothing is relaxed at linking. What RARS reads otherwise than this is a `Dialect`.
"""

from sim.isa.assembler.assembly import assemble
from sim.isa.assembler.dialect import GNU, RARS, Dialect
from sim.isa.assembler.errors import AssemblyError, Diagnostic, UnreferredDefine
from sim.isa.assembler.library import Library, build
from sim.isa.assembler.linker import link
from sim.isa.assembler.source import Source
from sim.isa.assembler.unit import Unit

__all__ = [
    "GNU",
    "RARS",
    "AssemblyError",
    "Diagnostic",
    "Dialect",
    "Library",
    "Source",
    "Unit",
    "UnreferredDefine",
    "assemble",
    "build",
    "link",
]
