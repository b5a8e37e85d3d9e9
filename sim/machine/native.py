"""What the compiled loop uses in place of `sim.isa.memory` and `wrap`: single unaligned machine loads and
stores. Imported only by the generated executor, since it needs Numba."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import np_cfarray


@intrinsic
def array(typing, address, shape, dtype):
    """The array that stands at an address, in C's order; the memory is the caller's."""
    kind = types.Array(dtype.dtype, shape.count, "C")

    def generate(context, builder, signature, args):
        place = builder.inttoptr(args[0], ir.IntType(8).as_pointer())
        return np_cfarray(context, builder, kind(types.voidptr, shape), (place, args[1]))

    return kind(types.int64, shape, dtype), generate


def _pointer(context: Any, builder: Any, signature: Any, args: Any, bits: int) -> Any:
    array = cgutils.create_struct_proxy(signature.args[0])(context, builder, args[0])
    place = builder.gep(builder.bitcast(array.data, ir.IntType(8).as_pointer()), [args[1]])
    return builder.bitcast(place, ir.IntType(bits).as_pointer())


def _load(bits: int) -> Any:
    @intrinsic
    def load(typing, mem, at):
        def generate(context, builder, signature, args):
            word = builder.load(_pointer(context, builder, signature, args, bits), align=1)
            return word if bits == 64 else builder.zext(word, ir.IntType(64))

        return types.int64(mem, types.int64), generate

    return load


def _store(bits: int) -> Any:
    @intrinsic
    def store(typing, mem, at, value):
        def generate(context, builder, signature, args):
            word = args[2] if bits == 64 else builder.trunc(args[2], ir.IntType(bits))
            builder.store(word, _pointer(context, builder, signature, args, bits), align=1)
            return context.get_dummy_value()

        return types.void(mem, types.int64, types.int64), generate

    return store


load8, load16, load32, load64 = _load(8), _load(16), _load(32), _load(64)
store8, store16, store32, store64 = _store(8), _store(16), _store(32), _store(64)


def _wrapping(operation: str) -> Any:
    """Arithmetic modulo 2**64. Numba's own tells LLVM that signed numbers never overflow, and LLVM draws
    conclusions: that a product is zero only if a factor is."""

    @intrinsic
    def compute(typing, a, b):
        def generate(context, builder, signature, args):
            return getattr(builder, operation)(*args)

        return types.int64(types.int64, types.int64), generate

    return compute


plus, minus, times = _wrapping("add"), _wrapping("sub"), _wrapping("mul")


@njit(_nrt=False)
def wrap(value):
    """Nothing to do: the executor's generator made the arithmetic in it wrap."""
    return np.int64(value)


@njit(_nrt=False)
def unsigned(index):
    """An array index that Numba need not test for being negative."""
    return np.uint64(index)


@njit(_nrt=False)
def load_signed(mem, at, size):
    """``size`` (1, 2, 4 or 8) bytes at ``at``, sign-extended."""
    if size == 8:
        return load64(mem, at)
    if size == 4:
        return (load32(mem, at) ^ 0x80000000) - 0x80000000
    if size == 2:
        return (load16(mem, at) ^ 0x8000) - 0x8000
    return (load8(mem, at) ^ 0x80) - 0x80
