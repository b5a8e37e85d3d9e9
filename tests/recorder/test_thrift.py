"""Thrift's compact protocol: what is written is read again, and what is no struct raises."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.thrift import DEPTH, I8, I32, I64, NotThrift, parsed, struct

INT64 = st.integers(-(1 << 63), (1 << 63) - 1)
PLAIN = st.one_of(
    INT64.map(I64), st.integers(-(1 << 31), (1 << 31) - 1).map(I32), st.binary(max_size=200), st.booleans()
)
NUMBERS = st.lists(st.integers(1, 14), min_size=1, unique=True).map(sorted)


def structs(depth: int) -> st.SearchStrategy[dict[int, Any]]:
    inner = PLAIN if depth == 0 else PLAIN | structs(depth - 1) | st.lists(INT64.map(I64), min_size=1)
    return NUMBERS.flatmap(lambda n: st.tuples(*[inner] * len(n)).map(lambda v: dict(zip(n, v, strict=True))))


@given(structs(2), st.binary(max_size=5))
def test_what_is_written_is_read_again(value: dict[int, Any], behind: bytes) -> None:
    written = struct(value)
    assert parsed(b"before" + written + behind, 6) == (value, 6 + len(written))


@given(structs(2), st.data())
def test_a_struct_that_ends_too_early(value: dict[int, Any], data: st.DataObject) -> None:
    written = struct(value)
    with pytest.raises(NotThrift):
        parsed(written[: data.draw(st.integers(0, len(written) - 1))])


@given(st.binary(max_size=100))
def test_any_bytes_are_a_struct_or_none(data: bytes) -> None:
    try:
        _, end = parsed(data)
    except NotThrift:
        return
    assert end <= len(data)


def test_what_is_no_struct() -> None:
    deep = {1: I8(0)}
    for _ in range(DEPTH):
        deep = {1: deep}  # type: ignore[dict-item]
    for data, told in (
        (struct(deep), "nested too deep"),
        (b"\x19" * 1000, "nested too deep"),
        (b"\x10\0", "a value of type 0"),
        (b"\x17" + bytes(9), "a value of type 7"),
        (b"\x19\x17" + bytes(9), "a value of type 7"),
        (b"\x15" + b"\xff" * 20, "a number that doesn't end"),
        (b"\x19\xf5\xff\xff\xff\xff\x0f\0", "ends too early"),
        (b"\x18\xff\xff\xff\xff\x0f\0", "ends too early"),
        (b"\x11\x01\x02\0", "field 1 twice"),
    ):
        with pytest.raises(NotThrift, match=told):
            parsed(data)
