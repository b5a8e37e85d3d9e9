"""Which functions of a program take and give locks: the roles of `locks.toml`, applied to its symbols.

TOML in, the entry points of one program out; `replay.analyses.lock_moves` looks for calls of them.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from sim.errors import UserError
from sim.program import Program

KINDS = ("mutex", "spinlock", "semaphore")
ROLES = ("acquire", "try", "release")
#: Argument registers by name -> x number.
REGISTERS = {f"a{n}": 10 + n for n in range(8)}


class BadRoles(UserError):
    """A file of roles that can't be used; the message says where it is wrong."""

    exit_status = 2


@dataclass(frozen=True)
class Role:
    """What the functions that match ``name`` do; see locks.toml. ``register`` is an x number."""

    name: str
    kind: str
    role: str
    register: int = REGISTERS["a0"]
    success: int = 0


@dataclass(frozen=True)
class Entry:
    """A function of the program that has a role, at address ``pc``."""

    pc: int
    name: str
    role: Role


@cache
def standard_roles() -> tuple[Role, ...]:
    """Those of the runtime library and of POSIX threads."""
    return _parse(Path(__file__).with_name("locks.toml").read_text(), "locks.toml")


def read_roles(path: Path) -> tuple[Role, ...]:
    """The roles of a user's file, and behind them the standard ones. Raises BadRoles."""
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BadRoles(f"{path}: can't be read ({error})") from error
    return (*_parse(text, str(path)), *standard_roles())


def entries(program: Program, roles: Sequence[Role]) -> list[Entry]:
    """The program's functions that have a role, by address."""
    found = []
    for pc, name in program.symbols:
        role = next((role for role in roles if fnmatchcase(name, role.name)), None)
        if role is not None:
            found.append(Entry(pc, name, role))
    return found


def _parse(text: str, where: str) -> tuple[Role, ...]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadRoles(f"{where}: {error}") from error
    tables = document.get("function")
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise BadRoles(f"{where}: has no [[function]] entries: each wants name, kind and role")
    return tuple(_role(table, f"{where}: [[function]] {number}") for number, table in enumerate(tables, 1))


def _role(table: dict[str, object], where: str) -> Role:
    unknown = set(table) - {"name", "kind", "role", "lock", "success"}
    if unknown:
        raise BadRoles(f"{where}: unknown key {sorted(unknown)[0]!r}: name, kind, role, lock, success")
    name, success = table.get("name"), table.get("success", 0)
    if not isinstance(name, str) or not name:
        raise BadRoles(f"{where}: wants a name")
    if not isinstance(success, int):
        raise BadRoles(f"{where} ({name}): success is a whole number")
    kind = _one_of(table, "kind", KINDS, f"{where} ({name})")
    role = _one_of(table, "role", ROLES, f"{where} ({name})")
    register = _one_of({"lock": "a0"} | table, "lock", tuple(REGISTERS), f"{where} ({name})")
    return Role(name, kind, role, REGISTERS[register], success)


def _one_of(table: dict[str, object], key: str, values: Sequence[str], where: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or value not in values:
        raise BadRoles(f"{where}: {key} is one of {', '.join(values)}, not {value!r}")
    return value
