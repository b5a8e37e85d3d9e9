"""What versions of the vocabulary hold, and what one may change of the version before it."""

import pytest
from regenerate import HERE, vocabulary

from recorder.upcast import CHAIN
from sim.events import VERSION

Columns = dict[str, tuple[str, list[str]]]


def read(version: int) -> dict[str, Columns]:
    """Kind -> column -> its type and names, in order."""
    found: dict[str, Columns] = {}
    for line in (HERE / "vocabulary" / f"{version}.txt").read_text().splitlines():
        if not line.startswith(" "):
            found[line] = columns = {}
        else:
            name, _, rest = line.strip().partition(": ")
            type_, *names = rest.split(" ")
            columns[name] = type_, names
    return found


def test_the_vocabulary_does_not_change_unnoticed() -> None:
    path, text = vocabulary()
    assert path.read_text() == text, (
        f"sim/events or sim/code.py say other than tests/golden/vocabulary/{path.name}. If a simrec with "
        f"version {VERSION} has been released, its logs are in the world: raise events.VERSION and add a "
        "step to recorder/upcast.py. If none has, name new columns in the last step there, and `make golden` "
        "writes the file anew."
    )


def test_every_version_is_known() -> None:
    versions = {int(path.stem) for path in (HERE / "vocabulary").glob("*.txt")}
    assert versions == set(range(1, VERSION + 1))
    assert set(CHAIN) == set(range(1, VERSION))


@pytest.mark.parametrize("version", range(1, VERSION))
def test_a_version_adds_what_its_step_says(version: int) -> None:
    """Digests and readers of older logs stand on it: kinds keep their order, columns their types, names
    their numbers."""
    before, after, gained = read(version), read(version + 1), CHAIN[version].gained
    assert [kind for kind in after if kind in before] == list(before)
    for kind, columns in before.items():
        new = set(after[kind]) - set(columns)
        assert new == set(gained.get(kind, ())), f"{kind}: name in CHAIN[{version}] which columns it gained"
        for name, (type_, names) in columns.items():
            assert after[kind][name][0] == type_, f"{kind}.{name}"
            assert after[kind][name][1][: len(names)] == names, f"{kind}.{name}: new names go behind old ones"
