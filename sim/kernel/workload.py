"""What --requests asks for: how many requests arrive, when, and what each asks of the server.

Text in, distributions out, from which the request generator (`sim.kernel.devices.requests`) draws.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random

from sim.errors import UserError

#: No gap, work or I/O lasts longer, in ticks; no more requests come.
LONGEST, MOST = 1 << 40, 1 << 31

_EXAMPLE = '"count=200,arrivals=poisson:1000,cpu=fixed:200,io=exp:5000"'


class BadWorkload(UserError):
    """What --requests gives can't be made out."""

    exit_status = 2


@dataclass(frozen=True)
class Distribution:
    """Of ticks. ``text`` is as it was written, without spaces; ``draw`` is given the random numbers."""

    text: str
    draw: Callable[[Random], int]

    def __str__(self) -> str:
        return self.text


def _fixed(ticks: int, random: Random) -> int:
    return ticks


def _uniform(low: int, high: int, random: Random) -> int:
    return random.randint(low, high)


def _exponential(mean: int, random: Random) -> int:
    """As the gaps of a Poisson process are."""
    return min(round(-mean * math.log(1 - random.random())), LONGEST)


def _mixture(part: float, first: int, second: int, random: Random) -> int:
    return first if random.random() < part else second


def _even_gaps(mean: int, random: Random) -> int:
    return random.randint(0, 2 * mean)


#: Name -> (what it takes, what draws by that). P is a part of 1, all else ticks.
_TIMES: dict[str, tuple[str, Callable[..., int]]] = {
    "fixed": ("N", _fixed),
    "uniform": ("LO:HI", _uniform),
    "exp": ("MEAN", _exponential),
    "mix": ("P:A:B", _mixture),
}
_ARRIVALS: dict[str, tuple[str, Callable[..., int]]] = {
    "poisson": ("GAP", _exponential),
    "uniform": ("GAP", _even_gaps),
    "fixed": ("GAP", _fixed),
}


@dataclass(frozen=True)
class Workload:
    """``count`` requests. ``arrivals``: from one to the next, and to the first from when a program opens the
    generator; ``cpu`` and ``io``: what a request asks for."""

    count: int
    arrivals: Distribution
    cpu: Distribution
    io: Distribution

    @classmethod
    def parse(cls, text: str) -> "Workload":
        """``count=N,arrivals=...,cpu=...,io=...``, each of which may be left out. Raises BadWorkload."""
        given = _pairs(text)
        return cls(
            _count(given.pop("count", "100")),
            _distribution("arrivals", given.pop("arrivals", "poisson:1000"), _ARRIVALS),
            _distribution("cpu", given.pop("cpu", "fixed:200"), _TIMES),
            _distribution("io", given.pop("io", "fixed:0"), _TIMES),
        )

    def __reduce__(self) -> tuple[Callable[[str], "Workload"], tuple[str]]:
        # By its text: what draws can't go to another process.
        return Workload.parse, (str(self),)

    def __str__(self) -> str:
        return f"count={self.count},arrivals={self.arrivals},cpu={self.cpu},io={self.io}"


def _pairs(text: str) -> dict[str, str]:
    known = ("count", "arrivals", "cpu", "io")
    pairs: dict[str, str] = {}
    for part in text.replace(" ", "").split(","):
        name, separator, value = part.partition("=")
        if not separator or not value:
            raise BadWorkload(f"--requests: {part!r} is no NAME=VALUE; write it like {_EXAMPLE}")
        if name not in known:
            raise BadWorkload(f"--requests: nothing is called {name!r}; there are {', '.join(known)}")
        if name in pairs:
            raise BadWorkload(f"--requests: {name} is given twice; leave one out")
        pairs[name] = value
    return pairs


def _count(text: str) -> int:
    if not _is_whole(text) or not 1 <= int(text) <= MOST:
        raise BadWorkload(f"--requests: count={text}: want a whole number from 1 up")
    return int(text)


def _distribution(name: str, text: str, known: Mapping[str, tuple[str, Callable[..., int]]]) -> Distribution:
    kind, *parts = text.split(":")
    wanted, draw = known.get(kind, ("", None))
    forms = " or ".join(f"{each}:{takes}" for each, (takes, _) in known.items())
    complaint = BadWorkload(f"--requests: {name}={text}: write {forms}, ticks in whole numbers")
    names = wanted.split(":")
    if draw is None or len(parts) != len(names):
        raise complaint
    values: list[float | int] = []
    for each, part in zip(names, parts, strict=True):
        try:
            value = float(part) if each == "P" else int(part) if _is_whole(part) else -1
        except ValueError:
            raise complaint from None
        if not 0 <= value <= (1 if each == "P" else LONGEST):
            raise complaint
        values.append(value)
    if wanted == "LO:HI" and values[0] > values[1]:
        raise complaint
    return Distribution(text, partial(draw, *values))


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20
