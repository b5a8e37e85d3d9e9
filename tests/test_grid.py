"""Grids of runs: how parameters' values are typed, and which combinations they make."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simrec.grid import Axis, BadGrid, label, parse_axis, parse_grid, points

INTEGERS = st.integers(-1000, 1000)


@given(INTEGERS, st.integers(0, 200), st.integers(1, 50))
def test_a_range_has_every_step_up_to_its_end(first: int, length: int, step: int) -> None:
    last = first + length
    assert parse_axis(f"N={first}..{last}").values == tuple(range(first, last + 1))
    assert parse_axis(f"N={first}..{last}+{step}").values == tuple(range(first, last + 1, step))


@given(st.integers(1, 100), st.integers(0, 10_000), st.integers(2, 10))
def test_a_geometric_range_multiplies_up_to_its_end(first: int, length: int, factor: int) -> None:
    values = parse_axis(f"N={first}..{first + length}*{factor}").values
    assert values[0] == first
    assert all(isinstance(v, int) and v <= first + length for v in values)
    assert list(values[1:]) == [value * factor for value in values[:-1]]
    assert values[-1] * factor > first + length


@given(st.lists(st.one_of(INTEGERS, st.from_regex(r"[a-z][a-z_-]{0,8}", fullmatch=True)), min_size=1))
def test_a_list_keeps_its_order_and_each_value_once(values: list[int | str]) -> None:
    axis = parse_axis(f"N={','.join(map(str, values))}")
    assert axis == Axis("N", tuple(dict.fromkeys(values)))
    assert axis.is_numeric == all(isinstance(value, int) for value in values)


def test_values_of_all_kinds() -> None:
    assert parse_axis("N=1,2,8..32*2,100").values == (1, 2, 8, 16, 32, 100)
    assert parse_axis("RATE=0.5,1.25").values == (0.5, 1.25)
    assert parse_axis("SCHEDULER=rr,fifo,mlfq").values == ("rr", "fifo", "mlfq")
    assert parse_axis("CFLAGS=-O0,-O2").values == ("-O0", "-O2")
    # What isn't written as people write a number is passed on as it is.
    assert parse_axis("N=0x10,007").values == ("0x10", "007")
    assert parse_axis("ENV.A=b=c").values == ("b=c",)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("N", "write it as NAME=VALUES"),
        ("=1", "write it as NAME=VALUES"),
        ("N=", "write it as NAME=VALUES"),
        ("N=1,,2", "a value is missing"),
        ("N=8..1", "8..1 has no values; the smaller number comes first"),
        ("N=1..8+0", "never ends"),
        ("N=0..8*2", "multiplies a number from 1 up by a K from 2 up"),
        ("N=1..8*1", "multiplies a number from 1 up by a K from 2 up"),
        ("N=1..10000000000", "10,000,000,000 values, more than 10,000"),
    ],
)
def test_what_is_no_list_of_values_is_told(text: str, told: str) -> None:
    with pytest.raises(BadGrid, match=re.escape(told)):
        parse_axis(text)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_points_are_all_combinations_the_last_parameter_fastest(sizes: list[int]) -> None:
    axes = [Axis(f"P{n}", tuple(range(size))) for n, size in enumerate(sizes)]
    found = list(points(axes))
    assert len({tuple(point.values()) for point in found}) == len(found)
    expected = 1
    for size in sizes:
        expected *= size
    assert len(found) == expected
    assert [tuple(point.values()) for point in found] == sorted(tuple(point.values()) for point in found)
    assert [list(point) for point in found] == [[axis.name for axis in axes]] * expected


def test_a_grid_too_large_is_refused_and_a_point_has_a_name() -> None:
    with pytest.raises(BadGrid, match="the grid has 1,000,000 runs, more than 10,000"):
        parse_grid(["A=1..1000", "B=1..1000"])
    assert label({"THREADS": 4, "SCHEDULER": "rr"}) == "THREADS=4,SCHEDULER=rr"
