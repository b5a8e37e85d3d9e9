"""Numbers as Java prints, reads and draws them. The expected ones are java.util.Random's and toString's."""

import struct

import pytest

from sim.kernel.javanumbers import JavaRandom, double_text, float_text, parse_float


def bits(value: float) -> int:
    return int.from_bytes(struct.pack("<d", value), "little", signed=True)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (-1.5, "-1.5"),
        (0.1, "0.1"),
        (100.0, "100.0"),
        (9999999.0, "9999999.0"),
        (1e7, "1.0E7"),
        (12345678.9, "1.23456789E7"),
        (1e10, "1.0E10"),
        (0.001, "0.001"),
        (0.00099, "9.9E-4"),
        (1e-5, "1.0E-5"),
        (3.141592653589793, "3.141592653589793"),
        (1.7976931348623157e308, "1.7976931348623157E308"),
        (5e-324, "4.9E-324"),
        (float("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
        (float("nan"), "NaN"),
    ],
)
def test_doubles_as_text(value: float, text: str) -> None:
    assert double_text(bits(value)) == text
    if value == value:
        assert parse_float(text, 8) == bits(value)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (0x3DCCCCCD, "0.1"),
        (0x40490FDB, "3.1415927"),
        (0x7F7FFFFF, "3.4028235E38"),
        (0x00000001, "1.4E-45"),
        (0x4B800000, "1.6777216E7"),
        (0xFF800000, "-Infinity"),
        (0x7FC00000, "NaN"),
    ],
)
def test_floats_as_text(pattern: int, text: str) -> None:
    assert float_text(pattern | -1 << 32) == text
    if text != "NaN":
        (signed,) = struct.unpack("<i", struct.pack("<I", pattern))
        assert parse_float(text, 4) == signed


@pytest.mark.parametrize("text", ["", "abc", "1,5", "1.5.2", "inf", "0x10", "--1"])
def test_what_is_no_number(text: str) -> None:
    assert parse_float(text, 8) is None


def test_numbers_beyond_the_format_are_infinite_or_zero() -> None:
    assert parse_float("1e39", 4) == 0x7F800000
    assert parse_float("-1e999999", 8) == bits(float("-inf"))
    assert parse_float("1e-999999", 8) == 0
    assert parse_float(" 2.5f ", 4) == 0x40200000


def test_random_numbers_from_a_seed() -> None:
    assert JavaRandom(42).bits(32) == -1170105035
    assert JavaRandom(42).double() == 0.7275636800328681
    random = JavaRandom(42)
    assert [random.below(10) for _ in range(8)] == [0, 3, 8, 4, 0, 5, 5, 8]
    assert all(0 <= random.below(64) < 64 and 0 <= random.single() < 1 for _ in range(100))
