"""Which functions of a program take and give locks: the roles of `locks.toml`, applied to its symbols.

TOML in, the entry points of one program out; `replay.analyses.lock_moves` looks for calls of them. The same
file says which functions are no place of their own to lock at (`Roles.is_wrapper`), for
`replay.analyses.lock_sites`.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from sim.errors import UserError
from sim.program import Program

#: What one thread, or for reading several, hold until they release it.
HELD = ("mutex", "spinlock", "rwlock")
#: What threads wait for without holding it.
PASSED = ("semaphore", "condition", "barrier")
KINDS = (*HELD, *PASSED)
ROLES = ("acquire", "try", "release")
MODES = ("write", "read")
#: Argument registers by name -> x number.
REGISTERS = {f"a{n}": 10 + n for n in range(8)}


class BadRoles(UserError):
    """A file of roles that can't be used; the message says where it is wrong."""

    exit_status = 2


@dataclass(frozen=True)
class Role:
    """What the functions that match ``name`` do; see locks.toml. ``register`` is an x number; ``success``
    are the results that mean that it has the lock, ``failure`` those that mean it hasn't (both empty: 0 of
    `try`, any of `acquire`)."""

    name: str
    kind: str
    role: str
    register: int = REGISTERS["a0"]
    success: tuple[int, ...] = ()
    failure: tuple[int, ...] = ()
    mode: str = "write"
    internal: bool = False

    def succeeded(self, result: int) -> bool:
        """Whether a call that returned this (a C int) has the lock."""
        if self.failure:
            return result not in self.failure
        return not self.wanted or result in self.wanted

    @property
    def wanted(self) -> tuple[int, ...]:
        """The results of success; empty if every result is one."""
        return self.success or ((0,) if self.role == "try" and not self.failure else ())


@dataclass(frozen=True)
class Entry:
    """A function of the program that has a role, at address ``pc``."""

    pc: int
    name: str
    role: Role


@dataclass(frozen=True)
class Roles:
    """The whole table: ``functions``, the first that matches counts; ``wrappers``: patterns of functions (or
    of their files, with a slash) that hand a lock on to another; ``libraries``: patterns of files that
    aren't the program's own; ``internal``: locks inside of libraries are listed too."""

    functions: tuple[Role, ...]
    wrappers: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    internal: bool = False

    def is_wrapper(self, function: str, file: str) -> bool:
        """True for a function that is named by its caller, if it locks: by its name, or its source file."""
        return any(fnmatchcase(file if "/" in pattern else function, pattern) for pattern in self.wrappers)

    def is_library(self, file: str) -> bool:
        """True for a source file that isn't the program's own."""
        return any(fnmatchcase(file, pattern) for pattern in self.libraries)


@cache
def standard_roles() -> Roles:
    """Those of the runtime library, POSIX and C threads and the C++ libraries."""
    return _parse(Path(__file__).with_name("locks.toml").read_text(), "locks.toml")


def read_roles(path: Path) -> Roles:
    """The roles of a user's file, and behind them the standard ones. Raises BadRoles."""
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BadRoles(f"{path}: can't be read ({error})") from error
    own, standard = _parse(text, str(path)), standard_roles()
    return Roles(
        own.functions + standard.functions,
        own.wrappers + standard.wrappers,
        own.libraries + standard.libraries,
        own.internal,
    )


def entries(program: Program, roles: Sequence[Role]) -> list[Entry]:
    """The program's functions that have a role, by address."""
    found = []
    for pc, name in program.symbols:
        role = next((role for role in roles if fnmatchcase(name, role.name)), None)
        if role is not None:
            found.append(Entry(pc, name, role))
    return found


def _parse(text: str, where: str) -> Roles:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadRoles(f"{where}: {error}") from error
    unknown = set(document) - {"function", "sites", "internal"}
    if unknown:
        raise BadRoles(f"{where}: unknown key {sorted(unknown)[0]!r}: [[function]], [sites], internal")
    tables = document.get("function", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables) or not document:
        raise BadRoles(f"{where}: has no [[function]] entries: each wants name, kind and role")
    functions = tuple(
        _role(table, f"{where}: [[function]] {number}") for number, table in enumerate(tables, 1)
    )
    wrappers, libraries = _sites(document.get("sites", {}), f"{where}: [sites]")
    internal = document.get("internal", False)
    if not isinstance(internal, bool):
        raise BadRoles(f"{where}: internal is true or false")
    return Roles(functions, wrappers, libraries, internal)


def _sites(table: object, where: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    lists = table if isinstance(table, dict) else {"": ""}
    for key, names in lists.items():
        if key not in ("wrappers", "libraries"):
            raise BadRoles(f"{where}: unknown key {key!r}: wrappers, libraries")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise BadRoles(f"{where}: {key} is a list of names")
    return tuple(lists.get("wrappers", ())), tuple(lists.get("libraries", ()))


def _role(table: dict[str, object], where: str) -> Role:
    keys = ("name", "kind", "role", "lock", "success", "failure", "mode", "internal")
    unknown = set(table) - set(keys)
    if unknown:
        raise BadRoles(f"{where}: unknown key {sorted(unknown)[0]!r}: {', '.join(keys)}")
    name, internal = table.get("name"), table.get("internal", False)
    if not isinstance(name, str) or not name:
        raise BadRoles(f"{where}: wants a name")
    if not isinstance(internal, bool):
        raise BadRoles(f"{where} ({name}): internal is true or false")
    kind = _one_of(table, "kind", KINDS, f"{where} ({name})")
    role = _one_of(table, "role", ROLES, f"{where} ({name})")
    register = _one_of({"lock": "a0"} | table, "lock", tuple(REGISTERS), f"{where} ({name})")
    mode = _one_of({"mode": "write"} | table, "mode", MODES, f"{where} ({name})")
    success, failure = (_results(table, key, f"{where} ({name})") for key in ("success", "failure"))
    return Role(name, kind, role, REGISTERS[register], success, failure, mode, internal)


def _results(table: dict[str, object], key: str, where: str) -> tuple[int, ...]:
    value = table.get(key, [])
    values = value if isinstance(value, list) else [value]
    if not all(type(each) is int for each in values):
        raise BadRoles(f"{where}: {key} is a whole number, or a list of them")
    return tuple(values)


def _one_of(table: dict[str, object], key: str, values: Sequence[str], where: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or value not in values:
        raise BadRoles(f"{where}: {key} is one of {', '.join(values)}, not {value!r}")
    return value
