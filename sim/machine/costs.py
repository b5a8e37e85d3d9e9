"""Costs in ticks, by name, from costs.toml with the user's overrides."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files

from sim.errors import UserError


class UnknownCost(UserError):
    """``--cost`` names no cost, or gives no whole number of ticks."""

    exit_status = 2


@dataclass(frozen=True)
class Costs:
    """``instruction``: ticks by cost class of the instruction table (at least 1); ``kernel``: by deed."""

    instruction: Mapping[str, int]
    kernel: Mapping[str, int]

    @classmethod
    def load(cls, overrides: Iterable[str] = ()) -> "Costs":
        """The defaults with ``NAME=TICKS`` overrides. Raises UnknownCost."""
        tables = tomllib.loads(files("sim.machine").joinpath("costs.toml").read_text())
        for override in overrides:
            name, _, ticks = override.partition("=")
            table = next((table for table in tables.values() if name in table), None)
            if table is None:
                known = [known for table in tables.values() for known in table]
                close = get_close_matches(name, known, 1)
                hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
                raise UnknownCost(f"no cost is called {name!r}; {hint}")
            least = 1 if table is tables["instruction"] else 0
            if not ticks.isdigit() or int(ticks) < least:
                raise UnknownCost(f"--cost {override}: want {name}=TICKS, a whole number from {least} up")
            table[name] = int(ticks)
        return cls(tables["instruction"], tables["kernel"])

    def as_dict(self) -> dict[str, int]:
        """Every cost by name, as the run's options record it."""
        return {**self.instruction, **self.kernel}
