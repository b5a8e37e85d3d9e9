"""The arithmetic primitives against Python's big integers, in both worlds: CPython and Numba."""

import ast
from collections.abc import Callable
from types import ModuleType
from typing import Any

import primitives
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sim.isa import arithmetic
from sim.machine import executor

MIN, MAX = -(1 << 63), (1 << 63) - 1

CORNERS = (0, 1, -1, 2, -2, MIN, MIN + 1, MAX, MAX - 1, 1 << 31, -(1 << 31), (1 << 32) - 1, 1 << 32)
words = st.one_of(st.sampled_from(CORNERS), st.integers(MIN, MAX), st.integers(-100, 100))


def signed(value: int, bits: int = 64) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def unsigned(value: int, bits: int = 64) -> int:
    return value & ((1 << bits) - 1)


def toward_zero(a: int, b: int) -> int:
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def div(a: int, b: int) -> int:
    return -1 if b == 0 else signed(toward_zero(a, b))


def rem(a: int, b: int) -> int:
    return a if b == 0 else a - toward_zero(a, b) * b


#: name -> what it must be, over exact integers.
BINARY: dict[str, Callable[[int, int], int]] = {
    "less_unsigned": lambda a, b: int(unsigned(a) < unsigned(b)),
    "multiply_high": lambda a, b: signed(a * b >> 64),
    "multiply_high_unsigned": lambda a, b: signed(unsigned(a) * unsigned(b) >> 64),
    "multiply_high_mixed": lambda a, b: signed(a * unsigned(b) >> 64),
    "divide": div,
    "remainder": rem,
    "divide_unsigned": lambda a, b: -1 if b == 0 else signed(unsigned(a) // unsigned(b)),
    "remainder_unsigned": lambda a, b: a if b == 0 else signed(unsigned(a) % unsigned(b)),
    "divide32_unsigned": lambda a, b: (
        -1 if unsigned(b, 32) == 0 else signed(unsigned(a, 32) // unsigned(b, 32), 32)
    ),
    "remainder32_unsigned": lambda a, b: signed(unsigned(a, 32) % (unsigned(b, 32) or 1 << 33), 32),
    "minimum_unsigned": lambda a, b: signed(min(unsigned(a), unsigned(b))),
    "maximum_unsigned": lambda a, b: signed(max(unsigned(a), unsigned(b))),
}


UNARY: dict[str, Callable[[int], int]] = {
    "leading_zeros": lambda a: 64 - unsigned(a).bit_length(),
    "trailing_zeros": lambda a: (unsigned(a) & -unsigned(a)).bit_length() - 1 if a else 64,
    "population": lambda a: unsigned(a).bit_count(),
    "population32": lambda a: a.bit_count(),
    "reversed_bytes": lambda a: int.from_bytes(a.to_bytes(8, "little", signed=True), "big", signed=True),
    "or_combined_bytes": lambda a: signed(
        sum(0xFF << place for place in range(0, 64, 8) if unsigned(a) >> place & 0xFF)
    ),
}


@pytest.fixture(params=["python", "numba"], scope="module")
def world(request: pytest.FixtureRequest) -> ModuleType:
    return arithmetic if request.param == "python" else primitives.compiled()


@pytest.mark.parametrize("name", BINARY)
def test_binary(world: ModuleType, name: str) -> None:
    function, exact = getattr(world, name), BINARY[name]

    @given(words, words)
    @example(MIN, -1)
    @settings(max_examples=150, deadline=None)
    def check(a: int, b: int) -> None:
        result = function(a, b)
        assert result == exact(a, b)
        assert isinstance(result, int)

    for a in CORNERS:
        for b in CORNERS:
            assert function(a, b) == exact(a, b), (a, b)
    check()


@pytest.mark.parametrize("name", UNARY)
def test_unary(world: ModuleType, name: str) -> None:
    function, exact = getattr(world, name), UNARY[name]

    @given(words, st.integers(0, 63))
    @settings(max_examples=200, deadline=None)
    def check(a: int, shift: int) -> None:
        for value in (a, a >> shift, signed(a << shift)):
            operand = unsigned(value, 32) if name == "population32" else value
            assert function(operand) == exact(operand)

    for value in (*CORNERS, *(1 << place for place in range(32))):
        operand = unsigned(value, 32) if name == "population32" else value
        assert function(operand) == exact(operand)
    check()


def test_shifts_and_extensions(world: ModuleType) -> None:
    @given(words, st.integers(0, 63))
    @example(-1, 0)
    @example(-1, 63)
    @settings(max_examples=300, deadline=None)
    def check(value: int, amount: int) -> None:
        assert world.srl(value, amount) == signed(unsigned(value) >> amount)
        assert world.sext32(value) == signed(value, 32)
        turned = unsigned(value) << 64 | unsigned(value)
        assert world.rotate_right(value, amount) == signed(turned >> amount)
        turned = unsigned(value, 32) << 32 | unsigned(value, 32)
        assert world.rotate_right32(value, amount % 32) == signed(turned >> amount % 32, 32)

    check()


@given(st.integers(0, 255), words)
def test_fflags_and_frm_are_parts_of_fcsr(fcsr: int, value: int) -> None:
    for number, part in ((1, 0x1F), (2, 0xE0), (3, 0xFF)):
        after = arithmetic.write_csr(number, fcsr, value)
        assert after & ~part == fcsr & ~part
        shift = 5 if number == 2 else 0
        assert after & part == value << shift & part
        assert arithmetic.read_csr(number, after, 7, 8) == (after & part) >> shift
    for number, count in ((0xC00, 7), (0xC01, 7), (0xC02, 8)):
        assert arithmetic.write_csr(number, fcsr, value) == fcsr
        assert arithmetic.read_csr(number, fcsr, 7, 8) == count


@given(st.integers(-(1 << 130), 1 << 130))
@example(1 << 63)
@example(-(1 << 63) - 1)
def test_wrap_is_twos_complement(value: int) -> None:
    assert arithmetic.wrap(value) == signed(value)


def test_what_may_overflow_is_not_left_to_numba() -> None:
    """Numba takes it that signed numbers don't overflow (see sim/machine/native.py)."""
    left = []
    for node in ast.walk(ast.parse(executor.generate())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "wrap":
            left += [ast.unparse(inner) for inner in ast.walk(node) if is_sum(inner)]
        # Meanings: what is assigned to a register.
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).startswith("registers[unsigned(xb"):
            indices = [item.slice for item in ast.walk(node.value) if isinstance(item, ast.Subscript)]
            inside = {inner for index in indices for inner in ast.walk(index)}
            left += [
                ast.unparse(inner) for inner in ast.walk(node.value) if is_sum(inner) and inner not in inside
            ]
    assert not left


def is_sum(node: ast.AST) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.Mult)


def test_a_product_that_wraps_to_zero_is_zero() -> None:
    """The executor makes wrapping arithmetic of this; as Numba compiles it itself, the product isn't 0."""
    source = "from sim.isa.arithmetic import wrap\ndef f(a, b):\n    return int(wrap(a * b) != 0)\n"
    tree = executor._WithinWrap().visit(ast.parse(source).body[1])
    space: dict[str, Any] = vars(primitives.compiled()).copy()
    exec(ast.unparse(tree), space)
    assert space["njit"](space["f"])(1 << 62, 1 << 62) == 0


def test_every_primitive_is_compared() -> None:
    """A new primitive must come into this file."""
    names = {name for name, item in vars(arithmetic).items() if callable(item)}
    others = {"srl", "sext32", "wrap", "rotate_right", "rotate_right32", "read_csr", "write_csr"}
    assert names == {*BINARY, *UNARY, *others}
