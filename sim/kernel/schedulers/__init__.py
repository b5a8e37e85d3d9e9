"""Schedulers, one small file each: a module named as ``--scheduler`` calls it, with one class, a
`sim.kernel.scheduler.Scheduler`. A new file here is a new scheduler; nothing else lists them.
"""

import importlib
import pkgutil
from collections.abc import Iterable
from difflib import get_close_matches
from random import Random
from typing import TYPE_CHECKING

from sim.errors import UserError

if TYPE_CHECKING:
    from sim.kernel.options import Options
    from sim.kernel.scheduler import Scheduler


class UnknownScheduler(UserError):
    """``--scheduler`` names none, or none of its parameters, or sets one to what it can't be."""

    exit_status = 2


def names() -> list[str]:
    """Every scheduler's, round-robin, the default, first. Imports none of them."""
    found = [module.name for module in pkgutil.iter_modules(__path__)]
    return sorted(found, key=lambda name: (name != "rr", name))


def scheduler_class(name: str) -> "type[Scheduler]":
    """The class of that name. Raises UnknownScheduler."""
    from sim.kernel.scheduler import Scheduler

    if name not in names():
        raise UnknownScheduler(f"no scheduler is called {name!r}; {_hint(name, names())}")
    module = importlib.import_module(f"{__name__}.{name}")
    (found,) = [
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Scheduler) and each.__module__ == module.__name__
    ]
    return found


def scheduler(options: "Options") -> "Scheduler":
    """The one that ``options.scheduler`` asks for: ``NAME`` or ``NAME:parameter=NUMBER,...``. Raises
    UnknownScheduler."""
    from sim.kernel.scheduler import Setting

    name, _, given = options.scheduler.partition(":")
    made = scheduler_class(name)
    values = {
        key: parameter.default * (options.quantum if parameter.quanta else 1)
        for key, parameter in made.parameters.items()
    }
    for text in given.split(",") if given else ():
        key, _, number = text.partition("=")
        if key not in values:
            hint = _hint(key, values) if values else "it has no parameters"
            raise UnknownScheduler(f"--scheduler {name} has no parameter {key!r}; {hint}")
        least = made.parameters[key].least
        if not number.isdecimal() or not least <= int(number) < 1 << 48:
            raise UnknownScheduler(
                f"--scheduler {name}:{text}: want {key}=NUMBER, a whole number from {least} up"
            )
        values[key] = int(number)
    random = Random(f"schedule {options.seed}")
    return made(Setting(options.quantum, options.harts, random, options.seed != 0, values))


def _hint(word: str, known: Iterable[str]) -> str:
    names = list(known)
    close = get_close_matches(word, names, 1)
    return f"did you mean {close[0]}?" if close else f"known: {', '.join(names)}"
