"""What `simrec run --bare` is given: where code stands, where harts begin, and the program as an image for
that place."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sim.errors import UserError
from simrec.defines import Defines
from simrec.programs import ASSEMBLY, Executable, NoProgram, executable_of, read_bytes, read_image, shown_name

RAW = ".bin"
#: `sim.kernel.options.Options.place` of an ELF file, which has its own addresses.
LINKED = -1


class BadBare(UserError):
    """Without an operating system something is left open, or asks for one."""

    exit_status = 2


@dataclass(frozen=True)
class ByHand:
    """What the user decides in an operating system's place; the fields are those of
    `sim.kernel.options.Options`."""

    place: int = LINKED
    pc: int = -1
    sp: int = 0


def by_hand(
    programs: Sequence[Path],
    place: str | None,
    pc: str | None,
    sp: str | None,
    ram: int,
    others: Mapping[str, object],
) -> ByHand:
    """What was typed. ``others`` are the options that only an operating system knows what to do with, by
    name. Raises BadBare."""
    if len(programs) > 1:
        raise BadBare(f"--bare: one program at a time, and {programs[1]} is another; leave it out")
    for name, value in others.items():
        if value:
            raise BadBare(f"--bare: there is no operating system for {name}; leave it out")
    missing = []
    if place is None and programs[0].suffix in (*ASSEMBLY, RAW):
        missing.append("at which address the code stands (--place 0x1000)")
    if pc is None:
        missing.append("at which address the hart begins (--pc 0x1000)")
    if missing:
        raise BadBare(f"--bare: no operating system decides this for you: say {' and '.join(missing)}")
    return ByHand(
        LINKED if place is None else _address("--place", place, ram, 2),
        _address("--pc", str(pc), ram, 2),
        _address("--sp", sp or "0", ram + 1, 1),
    )


def nothing_by_hand(**given: str | None) -> ByHand:
    """For a run with an operating system. Raises BadBare if --place, --pc or --sp were given."""
    for name, text in given.items():
        if text is not None:
            raise BadBare(f"--{name} {text}: the operating system sees to that; without one: --bare")
    return ByHand()


def read_flat(path: Path, place: int, cflags: Iterable[str] = (), defines: Iterable[str] = ()) -> Executable:
    """The program for its place: assembled for it, the raw bytes, or an ELF that is linked for it. Raises
    BadBare, and what `simrec.programs.read_executable` raises."""
    from sim.isa.assembler.dialect import flat

    if path.suffix in (*ASSEMBLY, RAW) and place == LINKED:
        raise NoProgram(f"{path}: no ELF file; say at which address its code stands (--place 0x1000)")
    if path.suffix == RAW:
        Defines.parse(defines).refuse(f"{path} is raw bytes: --define is for sources")
        return executable_of(path, _wrapped(path, place), flat=True)
    if path.suffix in ASSEMBLY:
        return executable_of(path, read_image(path, cflags, flat(place), defines), flat=True)
    made = executable_of(path, read_image(path, cflags, defines=defines), flat=True)
    first = min(segment.address for segment in made.program.segments)
    if place not in (LINKED, first):
        raise BadBare(
            f"{shown_name(path)} is linked for {first:#x}, and --place says {place:#x}: leave --place out, "
            f"or link it for there"
        )
    return made


def _address(option: str, text: str, end: int, unit: int) -> int:
    """A number in any base: an address below ``end`` and a multiple of ``unit``. Raises BadBare."""
    try:
        address = int(text, 0)
    except ValueError:
        raise BadBare(f"{option} {text}: an address is a number, as in {option} 0x1000") from None
    if not 0 <= address < end:
        raise BadBare(f"{option} {text}: outside of ram, which ends at {end & -2:#x} (see --ram)")
    if address % unit:
        raise BadBare(f"{option} {text}: instructions stand at even addresses")
    return address


def _wrapped(path: Path, place: int) -> bytes:
    """Raw bytes as an ELF file without any names. Raises NoProgram."""
    from sim.isa.assembler.elf import Image, OutputSection, write_elf

    data = read_bytes(path)
    if not data:
        raise NoProgram(f"{path}: nothing in it to run")
    return write_elf(Image([OutputSection(".text", place, len(data), 1, data)], place, [], [], "."))
