"""Which words of `simrec run` are programs, and which are arguments."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simrec.programs import no_program, split_words


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The working directory, with some files."""
    made: Path = tmp_path_factory.mktemp("words")
    for name in ("a.asm", "b.c", "c.cpp", "text.txt", "plain"):
        (made / name).write_text("")
    (made / "elf").write_bytes(b"\x7fELF and more")
    (made / "dir.c").mkdir()
    before = Path.cwd()
    os.chdir(made)
    yield made
    os.chdir(before)


@pytest.mark.parametrize(
    ("words", "behind", "programs"),
    [
        ("a.asm", 0, 1),
        ("missing.asm", 0, 1),  # the first is a program, there or not: the error says so
        ("a.asm b.c c.cpp elf", 0, 4),
        ("a.asm b.c x c.cpp", 0, 2),
        ("a.asm text.txt b.c", 0, 1),
        ("a.asm missing.c b.c", 0, 1),
        ("a.asm dir.c b.c", 0, 1),
        ("a.asm plain", 0, 1),
        ("b.c a.asm", 1, 1),  # b.c -- a.asm
        ("b.c a.asm x elf", 1, 2),
        ("b.c a.asm c.cpp", 1, 2),
        ("a.asm b.c", 2, 1),  # -- a.asm b.c
    ],
)
def test_leading_files_of_programs_are_programs(folder: Path, words: str, behind: int, programs: int) -> None:
    found, arguments = split_words(words.split(), behind)
    assert [*map(str, found), *arguments] == words.split()
    assert len(found) == programs


FILES = st.sampled_from(["a.asm", "b.c", "elf"])
WORDS = st.one_of(FILES, st.sampled_from(["text.txt", "none.c", "", "\0", "-x"]), st.text(max_size=5))


@given(programs=st.lists(FILES, min_size=1), rest=st.lists(WORDS), behind=st.lists(WORDS))
def test_no_word_is_lost_or_moved(
    folder: Path, programs: list[str], rest: list[str], behind: list[str]
) -> None:
    words = [*programs, *rest, *behind]
    found, arguments = split_words(words, len(behind))
    assert [*map(str, found), *arguments] == words
    assert len(programs) <= len(found) <= len(programs) + len(rest)
    assert all(path.is_file() for path in found)
    # The first argument before `--` isn't a program's file.
    if len(arguments) > len(behind):
        assert arguments[0] not in ("a.asm", "b.c", "elf")


def test_a_program_that_is_not_there_is_told_apart_from_an_argument(folder: Path) -> None:
    assert no_program("b.asm").startswith("b.asm: no such file; did you mean b.c?; taken as an argument")
    assert [no_program(word) for word in ("text.txt", "missing", "a.asm", "dir.c", "-O2", "")] == [""] * 6
