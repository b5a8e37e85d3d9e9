"""IEEE 754 binary32 and binary64 arithmetic in integer code, as the F and D extensions want it.

`formats` takes numbers apart and rounds them into shape; `operations`, `comparisons` and `conversions` are
what instructions do. Everything is written as `sim.isa.arithmetic` is: signed 64-bit integers only, so that
CPython and Numba compute the same, bit for bit, on every machine. The functions have one namespace: the
compiled executor copies all of them into its source.
"""
