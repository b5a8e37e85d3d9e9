"""The options that shape a run; with the program and its input they fix every event of the log."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sim.errors import UserError
from sim.kernel.attributes import Attribute, known_attributes
from sim.kernel.limits import Limits
from sim.kernel.tree import Mount
from sim.kernel.workload import Workload
from sim.machine.costs import Costs

_WORD = (1 << 63) - 1
#: Least and greatest number of each option that is one.
_BOUNDS = {
    "harts": (1, 64),
    "quantum": (1, _WORD),
    "seed": (0, math.inf),
    "max_events": (0, _WORD),
    "ram": (1 << 12, 1 << 32),
    "stack": (1 << 12, 1 << 30),
    "io_depth": (1, 1 << 16),
    "place": (-1, _WORD),
    "pc": (-1, _WORD),
    "sp": (0, _WORD),
}


class BadVariable(UserError):
    """What --env gives is no variable."""

    exit_status = 2


def variables(texts: Iterable[str]) -> tuple[str, ...]:
    """NAME=VALUE each, the last of a name counts. Raises BadVariable."""
    found = {}
    for text in texts:
        name, separator, _ = text.partition("=")
        if not separator or not name:
            raise BadVariable(f"--env {text}: write it as NAME=VALUE")
        found[name] = text
    return tuple(found.values())


@dataclass(frozen=True)
class Options:
    """``quantum``: ticks of a time slice; ``ram`` and ``stack``: bytes; ``max_events``: stop the run when
    its log has reached that many (0: never); ``arguments``: the program's, behind argv[0]; ``environment``:
    its NAME=VALUE; ``mounts``: the host's directories that it sees; ``abi``: whose system calls it makes,
    ``linux`` or ``rars``; ``scheduler``: its name, and parameters (`sim.kernel.schedulers.scheduler`);
    ``attributes``: what it goes by for the first processes, (pid, name, value) each; ``io_depth``: operations
    that /dev/io does at a time; ``requests``: what arrives at /dev/requests, None for nothing. ``bare``:
    there is no operating system; the program stands at ``place`` (-1: where it was linked for), and all harts
    begin at ``pc`` with ``sp``. ``defines``: the NAME=VALUE that the program was built with."""

    harts: int = 2
    quantum: int = 1000
    scheduler: str = "rr"
    seed: int = 0
    max_events: int = 0
    ram: int = 64 << 20
    stack: int = 8 << 20
    costs: Costs = field(default_factory=Costs.load)
    arguments: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    mounts: tuple[Mount, ...] = ()
    abi: str = "linux"
    limits: Limits = field(default_factory=Limits)
    attributes: tuple[Attribute, ...] = ()
    io_depth: int = 4
    requests: Workload | None = None
    bare: bool = False
    place: int = -1
    pc: int = -1
    sp: int = 0
    defines: tuple[str, ...] = ()

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Options":
        """Those that `as_dict` told of, whoever wrote that down; mounts are known as the guest saw them.
        Raises KeyError, ValueError, TypeError, AttributeError, UserError for what this version can't do."""
        given = dict(plain)
        for name, (least, most) in _BOUNDS.items():
            if type(given[name]) is not int or not least <= given[name] <= most:
                raise ValueError(f"{name} is {given[name]!r}")
        for name in ("arguments", "environment", "defines"):
            given[name] = tuple(given[name])
            if not all(isinstance(text, str) for text in given[name]):
                raise TypeError(f"{name} are {given[name]!r}")
        given["attributes"] = known_attributes(given["attributes"])
        given["requests"] = Workload.parse(given["requests"]) if given["requests"] else None
        given["costs"] = Costs.load(f"{name}={ticks}" for name, ticks in given["costs"].items())
        for name, limit in given["limits"].items():
            if type(limit) is not int:
                raise TypeError(f"the limit of {name} is {limit!r}")
        given["limits"] = Limits(**given["limits"])
        given["mounts"] = tuple(Mount.of_guest(text) for text in given["mounts"])
        return cls(**given)

    def as_json(self) -> str:
        """As the ``run`` event records them."""
        return json.dumps(self.as_dict(), separators=(",", ":"), sort_keys=True)

    def as_dict(self) -> dict[str, object]:
        """Plain data. Mounts are told as the guest sees them: where they are on the host changes nothing."""
        own = {name: getattr(self, name) for name in self.__dataclass_fields__}
        own |= {name: list(own[name]) for name in ("arguments", "environment", "defines")}
        own["attributes"] = [list(attribute) for attribute in self.attributes]
        own["requests"] = str(self.requests or "")
        plain = {"costs": self.costs.as_dict(), "limits": self.limits.as_dict()}
        return own | plain | {"mounts": [str(mount) for mount in self.mounts]}
