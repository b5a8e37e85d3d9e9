"""docs/reference/exit-status.md is true."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

from console import ROOT, Simrec

import recorder
import replay
import sim
import simrec
from sim.errors import UserError
from simrec import cli


def documented() -> set[str]:
    page = (ROOT / "docs/reference/exit-status.md").read_text()
    return set(re.findall(r"^\| ([0-9 +n]+) \|", page, re.MULTILINE))


def errors(of: type[UserError]) -> Iterator[type[UserError]]:
    for each in of.__subclasses__():
        yield each
        yield from errors(each)


def test_every_error_has_a_documented_status() -> None:
    for package in (sim, recorder, replay, simrec):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    statuses = {error.exit_status for error in errors(UserError)} | {UserError.exit_status}
    assert statuses == {1, 2, 5}
    assert {str(status) for status in statuses} <= documented()
    assert {str(cli.USAGE), str(cli.INTERRUPTED), str(cli.NOBODY_READS)} <= documented()


def test_diff_tells_equal_from_different_from_wrong(simrec: Simrec) -> None:
    assert {"0", "1", "2", "3", "4", "5", "6", "128 + n", "130", "141"} == documented()
    first = simrec("run", "examples/counter_race.asm", "--seed", 1).run
    second = simrec("run", "examples/counter_race.asm", "--seed", 2).run
    assert simrec("diff", first, first).status == 0
    parted = simrec("diff", first, second)
    assert parted.status == 1
    assert "simrec events --from " in parted.output
    assert simrec("diff", first, "nosuch").status == 2
