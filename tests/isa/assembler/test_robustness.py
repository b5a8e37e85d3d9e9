"""Whatever the text, the answer is an executable or an `AssemblyError`, never another exception."""

import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.isa.assembler import AssemblyError, Source, build

HERE = Path(__file__).parent
LINES = [*(HERE / "corpus.s").read_text().splitlines(), *(HERE / "macros.s").read_text().splitlines()]
PIECES = sorted({piece for line in LINES for piece in re.findall(r"[\w.$]+|[^\w\s]|\s+", line)})


def try_to_build(text: str, folder: Path) -> None:
    said = []
    try:
        build([Source("t.s", text)], folder)
    except AssemblyError as error:
        said = error.diagnostics or [None]
    for diagnostic in said:
        assert diagnostic is not None
        assert str(diagnostic).startswith(f"{diagnostic.path}:{diagnostic.line}:{diagnostic.column}: error: ")


@settings(deadline=None, max_examples=150)
@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
def test_pieces_of_assembly_in_any_order(text: str) -> None:
    try_to_build(text, HERE)


@settings(deadline=None, max_examples=150)
@given(st.text(max_size=80))
def test_any_text(text: str) -> None:
    try_to_build(text, HERE)


@pytest.mark.parametrize("seed", range(40))
def test_programs_with_lines_and_pieces_changed(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    lines = list(LINES)
    for _ in range(30):
        place = chance.randrange(len(lines))
        pieces = re.findall(r"[\w.$]+|[^\w\s]|\s+", lines[place]) or [""]
        pieces[chance.randrange(len(pieces))] = chance.choice(PIECES)
        lines[place] = "".join(pieces)
        if chance.random() < 0.2:
            del lines[place]
    try_to_build("\n".join(lines), tmp_path)
