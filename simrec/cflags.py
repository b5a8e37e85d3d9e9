"""What the user passes to the compiler (``--cflags``), told apart by the step that it belongs to."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sim.errors import UserError

#: Options whose value is the next word.
_TAKES_WORD = (
    *("-I", "-D", "-U", "-L", "-include", "-imacros", "-isystem", "-iquote", "-idirafter", "-x"),
    *("-Xclang", "-Xlinker", "-mllvm", "-T"),
)
_LINK = ("-l", "-L", "-Wl,", "-Xlinker", "-T")
#: What `simrec run` decides itself.
_REFUSED = ("-o", "-c", "-E", "-S", "-target", "--target", "-MF", "-MD", "-M", "-shared")
_SOURCES = (".c", ".cc", ".cpp", ".cxx", ".s", ".S")
_OBJECTS = (".o", ".a")


class BadFlags(UserError):
    """A flag that can't be passed to the compiler."""

    exit_status = 2


@dataclass
class Flags:
    """``words`` as the user gave them; ``link`` are those of the linker with ``objects`` in their order."""

    words: list[str] = field(default_factory=list)
    compile: list[str] = field(default_factory=list)
    link: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    objects: list[str] = field(default_factory=list)

    @classmethod
    def parse(cls, texts: Iterable[str]) -> "Flags":
        """Each text is split as a shell would. Raises BadFlags."""
        made = cls()
        for text in texts:
            try:
                made.words += shlex.split(text)
            except ValueError as error:
                raise BadFlags(f"--cflags {text!r}: {str(error).lower()}") from None
        words = iter(made.words)
        for word in words:
            group = [word, *([next(words, "")] if word in _TAKES_WORD else [])]
            made._add(group)
        return made

    def with_defines(self, words: Sequence[str]) -> "Flags":
        """With further options of the preprocessor, which come behind the user's own."""
        return replace(self, words=[*self.words, *words], compile=[*self.compile, *words])

    def _add(self, group: list[str]) -> None:
        word = group[0]
        if word in _REFUSED or word.startswith("--target="):
            raise BadFlags(f"--cflags can't have {word}: simrec runs what is linked, and chooses the target")
        if word.startswith("-"):
            (self.link if word.startswith(_LINK) else self.compile).extend(group)
        elif Path(word).suffix in _SOURCES:
            self.sources.append(word)
        elif Path(word).suffix in _OBJECTS:
            self.objects.append(word)
            self.link.append(word)
        else:
            raise BadFlags(f"--cflags: {word!r} is neither an option nor a source (.c, .cpp, .s) or object")

    @property
    def optimised(self) -> bool:
        """True if the user chose a level."""
        return any(word.startswith("-O") for word in self.compile)

    @property
    def standard(self) -> bool:
        """True if the user chose a version of the language."""
        return any(word.startswith("-std=") for word in self.compile)

    @property
    def machine(self) -> list[str]:
        """The flags that the libraries must be built with, too."""
        return [word for word in self.compile if word.startswith("-m") and word != "-mllvm"]
