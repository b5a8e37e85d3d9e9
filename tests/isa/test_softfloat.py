"""Floating-point arithmetic against exact rational numbers and the host's hardware, in CPython and Numba."""

from collections.abc import Callable, Iterable
from random import Random
from types import ModuleType
from typing import Any

import exact_floats as exact
import numpy as np
import primitives
import pytest
from exact_floats import FORMATS, MODES, near_integers, random_bits, specials

from sim.isa.softfloat import comparisons, conversions, formats, operations

MODULES = (formats, operations, comparisons, conversions)
PYTHON = {name: item for module in MODULES for name, item in vars(module).items() if callable(item)}
BOTH = pytest.mark.parametrize("fraction", [exact.F32, exact.F64], ids=["single", "double"])
Result = tuple[int, int]


@pytest.fixture(scope="module")
def numba() -> ModuleType:
    """The functions as Numba compiles them."""
    return primitives.compiled()


def check(
    numba: ModuleType, name: str, expected: Callable[..., Any], cases: Iterable[tuple[int, ...]]
) -> None:
    """Both worlds give what is expected of each case."""
    ours, compiled = PYTHON[name], getattr(numba, name)
    count = 0
    for case in cases:
        want = expected(*case)
        assert ours(*case) == want, case
        assert compiled(*case) == want, case
        count += 1
    assert count > 100


def pairs(fraction: int, count: int) -> list[tuple[int, int]]:
    corners, random = specials(fraction), Random(f"pairs {fraction}")
    found = [(a, b) for a in corners for b in corners]
    for _ in range(count):
        a = random_bits(random, fraction)
        found.append((a, random_bits(random, fraction, a)))
    return found


def with_modes(operands: Iterable[tuple[int, ...]], fraction: int) -> Iterable[tuple[int, ...]]:
    return ((*those, mode, fraction) for those in operands for mode in MODES)


@BOTH
@pytest.mark.parametrize("name", ["add", "multiply", "quotient"])
def test_operations_of_two(numba: ModuleType, name: str, fraction: int) -> None:
    check(numba, name, getattr(exact, name), with_modes(pairs(fraction, 1500), fraction))


@BOTH
def test_products_and_quotients_about_the_least_numbers(numba: ModuleType, fraction: int) -> None:
    """Where tininess is decided: results that round to or from the least normal number."""
    form, random = FORMATS[fraction], Random(f"tiny {fraction}")
    least = exact.power_of_two(form.least_exponent)
    products, quotients = [], []
    for _ in range(600):
        a = form.signed(False, exact.one(fraction) + random.getrandbits(fraction))
        target = least * (1 + random.randint(-3, 3) * exact.power_of_two(-fraction - random.randint(0, 2)))
        products.append((a, form.round(target / form.value(a), random.choice(MODES))[0]))
        quotients.append((form.round(target * form.value(a), random.choice(MODES))[0], a))
    check(numba, "multiply", exact.multiply, with_modes(products, fraction))
    check(numba, "quotient", exact.quotient, with_modes(quotients, fraction))


@BOTH
def test_square_root(numba: ModuleType, fraction: int) -> None:
    form, random = FORMATS[fraction], Random(f"roots {fraction}")
    operands = [*specials(fraction), *(form.magnitude(random_bits(random, fraction)) for _ in range(600))]
    for _ in range(200):  # squares, and their neighbours
        root = exact.one(fraction) + (random.getrandbits(fraction // 2) << (fraction - fraction // 2))
        square = exact.multiply(root, root, exact.RNE, fraction)[0]
        operands += [square - 1, square, square + 1]
    check(numba, "square_root", exact.square_root, with_modes([(a,) for a in operands], fraction))


@BOTH
def test_fused_multiply_add(numba: ModuleType, fraction: int) -> None:
    form, random = FORMATS[fraction], Random(f"fused {fraction}")
    corners = specials(fraction)
    triples = [tuple(random.choices(corners, k=3)) for _ in range(3000)]
    for _ in range(1500):
        a = random_bits(random, fraction)
        b = random_bits(random, fraction, random.choice((a, exact.one(fraction))))
        product = exact.multiply(a, b, exact.RTZ, fraction)[0]
        triples.append((a, b, random_bits(random, fraction, product)))
        # Cancellation: the addend is nearly the product's opposite.
        product = form.magnitude(product)
        if 2 < product < form.infinity - 2:
            close = product + random.choice((-1, 0, 0, 0, 1))
            triples.append((a, b, form.signed(((a < 0) != (b < 0)) == (random.randrange(8) == 0), close)))
    check(numba, "multiply_add", exact.multiply_add, with_modes(triples, fraction))


@BOTH
@pytest.mark.parametrize("name", ["equal", "less", "less_or_equal"])
def test_comparisons(numba: ModuleType, name: str, fraction: int) -> None:
    expected = lambda a, b, fraction: exact.compare(name, a, b, fraction)  # noqa: E731
    check(numba, name, expected, ((a, b, fraction) for a, b in pairs(fraction, 1000)))


@BOTH
def test_minimum_and_maximum(numba: ModuleType, fraction: int) -> None:
    cases = [(a, b, fraction) for a, b in pairs(fraction, 1000)]
    check(numba, "minimum", exact.minimum, cases)
    check(numba, "maximum", exact.maximum, cases)


@BOTH
def test_classes(numba: ModuleType, fraction: int) -> None:
    random = Random("classes")
    operands = [*specials(fraction), *(random_bits(random, fraction) for _ in range(500))]
    check(numba, "classify", exact.classify, ((a, fraction) for a in operands))
    assert {PYTHON["classify"](a, fraction) for a in operands} == {1 << bit for bit in range(10)}


@BOTH
def test_signs(numba: ModuleType, fraction: int) -> None:
    form = FORMATS[fraction]
    inject = lambda a, sign, fraction: form.signed(bool(sign), form.magnitude(a))  # noqa: E731
    check(numba, "inject_sign", inject, ((a, s, fraction) for a in specials(fraction) for s in (0, 1)))
    turn = lambda a, fraction: form.signed(a >= 0, form.magnitude(a))  # noqa: E731
    random = Random("signs")
    operands = [*specials(fraction), *(random_bits(random, fraction) for _ in range(100))]
    check(numba, "opposite", turn, ((a, fraction) for a in operands))


@pytest.mark.parametrize(("source", "target"), [(52, 23), (23, 52)], ids=["to single", "to double"])
def test_conversions_between_formats(numba: ModuleType, source: int, target: int) -> None:
    random = Random("formats")
    operands = [*specials(source), *(random_bits(random, source) for _ in range(500))]
    # Doubles in and around a single's range: ties, its subnormals, its overflow.
    for single in [*specials(exact.F32), *(random_bits(random, exact.F32) for _ in range(500))]:
        if not FORMATS[exact.F32].is_nan(single) and source == exact.F64:
            bits = exact.convert(single, exact.RNE, exact.F32, exact.F64)[0]
            operands += [bits, bits + (1 << 28), bits + (1 << 28) - 1, bits + (1 << 28) + 1, bits + (1 << 27)]
    cases = ((bits, mode, source, target) for bits in operands for mode in MODES)
    check(numba, "convert", exact.convert, cases)


@BOTH
def test_from_integers(numba: ModuleType, fraction: int) -> None:
    random = Random("integers")
    values = [0, 1, -1, 2, -2, (1 << 63) - 1, -(1 << 63), -(1 << 63) + 1, (1 << 31), -(1 << 31), 1 << 32]
    for _ in range(600):
        value = random.getrandbits(63) >> random.randrange(63)
        values += [value, -value, value & -(1 << random.randrange(63))]
    for place in range(20, 63):  # ties
        values += [(1 << place) + (1 << (place - fraction - 1)) for _ in (1,) if place > fraction]
    cases = [(value, mode, fraction) for value in values for mode in MODES]
    check(numba, "from_signed", exact.from_integer, cases)
    unsigned = lambda value, mode, fraction: exact.from_integer(value % (1 << 64), mode, fraction)  # noqa: E731
    check(numba, "from_unsigned", unsigned, cases)


@BOTH
@pytest.mark.parametrize("width", [32, 64])
def test_to_integers(numba: ModuleType, fraction: int, width: int) -> None:
    random = Random("to integers")
    operands = [*specials(fraction), *near_integers(fraction)]
    operands += [random_bits(random, fraction, exact.one(fraction)) for _ in range(500)]

    def to_signed(bits: int, mode: int, fraction: int, width: int) -> Result:
        return exact.to_integer(bits, mode, fraction, -1 << (width - 1), (1 << (width - 1)) - 1)

    def to_unsigned(bits: int, mode: int, fraction: int, width: int) -> Result:
        value, flags = exact.to_integer(bits, mode, fraction, 0, (1 << width) - 1)
        return value - (value >> (width - 1) << width), flags  # as a register holds it

    cases = [(bits, mode, fraction, width) for bits in operands for mode in MODES]
    check(numba, "to_signed", to_signed, cases)
    check(numba, "to_unsigned", to_unsigned, cases)


def test_boxes(numba: ModuleType) -> None:
    singles = specials(exact.F32) + [random_bits(Random(n), exact.F32) for n in range(100)]
    check(numba, "box", lambda bits: bits % (1 << 32) - (1 << 32), ((bits,) for bits in singles))
    registers = [(box,) for bits in singles for box in (bits % (1 << 32) - (1 << 32), bits % (1 << 32), bits)]
    registers += [(-(1 << 63),), ((1 << 63) - 1,), (-(1 << 32) - 1,), (-1 << 33,)]

    def unbox(register: int) -> int:
        low = register % (1 << 32)
        boxed = register % (1 << 64) >> 32 == 0xFFFF_FFFF
        return low - (low >> 31 << 32) if boxed else FORMATS[exact.F32].nan

    check(numba, "unbox", unbox, registers)


class Word(int):
    """An integer whose arithmetic must stay within 64 signed bits: machine code assumes that it does."""

    def _checked(name: str) -> Callable[..., Any]:  # noqa: N805
        def method(self: int, *others: int) -> "Word":
            result = getattr(int, name)(self, *others)
            assert -(1 << 63) <= result < 1 << 63, (name, self, others)
            return Word(result)

        return method

    for _name in ("add", "sub", "mul", "floordiv", "mod", "lshift", "rshift", "and", "or", "xor"):
        locals()[f"__{_name}__"] = _checked(f"__{_name}__")
        locals()[f"__r{_name}__"] = _checked(f"__r{_name}__")
    __neg__, __abs__ = _checked("__neg__"), _checked("__abs__")


@BOTH
def test_no_step_overflows(fraction: int) -> None:
    """Numba tells LLVM that signed arithmetic never overflows, so an intermediate result that did could
    become anything, even where a later mask would have made it right."""
    random = Random(f"words {fraction}")
    for _ in range(1500):
        a, b, c = (
            Word(random.choice((random_bits(random, fraction), *specials(fraction)[:6]))) for _ in "abc"
        )
        c = random.choice((c, Word(random_bits(random, fraction, PYTHON["multiply"](a, b, 0, fraction)[0]))))
        mode, last = Word(random.choice(MODES)), Word(fraction)
        for name in ("add", "multiply", "quotient"):
            PYTHON[name](a, b, mode, last)
        PYTHON["multiply_add"](a, b, c, mode, last)
        PYTHON["square_root"](a, mode, last)
        PYTHON["convert"](a, mode, last, Word(exact.F32 + exact.F64 - fraction))
        for name in ("equal", "less", "less_or_equal", "minimum", "maximum"):
            PYTHON[name](a, b, last)
        PYTHON["classify"](a, last)
        near = Word(random.choice(near_integers(fraction)))
        for name in ("to_signed", "to_unsigned"):
            for width in (32, 64):
                PYTHON[name](near, mode, last, Word(width))
        value = Word(random.choice((0, -1, -(1 << 63), (1 << 63) - 1, random.getrandbits(63))))
        PYTHON["from_signed"](value, mode, last)
        PYTHON["from_unsigned"](value, mode, last)
    for single in specials(exact.F32):
        assert PYTHON["unbox"](PYTHON["box"](Word(single))) == single


HARDWARE = {exact.F32: (np.int32, np.float32), exact.F64: (np.int64, np.float64)}


@BOTH
def test_the_host_agrees(numba: ModuleType, fraction: int) -> None:
    """The same bits as the host's own arithmetic, which rounds to nearest, over many random operands."""
    integer, real = HARDWARE[fraction]
    random = Random(f"host {fraction}")
    drawn = [random_bits(random, fraction) for _ in range(20_000)]
    left = np.array(drawn, integer)
    right = np.array([random_bits(random, fraction, bits) for bits in drawn], integer)
    a, b = left.view(real), right.view(real)
    with np.errstate(all="ignore"):
        results = {"add": a + b, "multiply": a * b, "quotient": a / b}
        roots, whole = np.sqrt(a), left.astype(np.int64).astype(real)
        other = np.float64 if fraction == exact.F32 else np.float32
        converted = a.astype(other)

    def bits_of(values: Any, fraction: int) -> list[int]:
        integer = HARDWARE[fraction][0]
        return np.where(np.isnan(values), integer(FORMATS[fraction].nan), values.view(integer)).tolist()

    operands = list(zip(left.tolist(), right.tolist(), strict=True))
    for name, values in results.items():
        operation = getattr(numba, name)
        assert [operation(x, y, 0, fraction)[0] for x, y in operands] == bits_of(values, fraction), name
    assert [numba.square_root(x, 0, fraction)[0] for x, _ in operands] == bits_of(roots, fraction)
    assert [numba.from_signed(x, 0, fraction)[0] for x, _ in operands] == bits_of(whole, fraction)
    target = exact.F64 if fraction == exact.F32 else exact.F32
    assert [numba.convert(x, 0, fraction, target)[0] for x, _ in operands] == bits_of(converted, target)
