"""From rows to columns, compiled: it runs beside the machine, without Python.

Indices are unsigned, as the compiler then has no negative ones to look for.
"""

from numpy import uint64

from recorder.compiling import compiled
from sim.machine.layout import INSTRUCTION_WIDTH

#: Columns of an instruction's row.
WIDTH = INSTRUCTION_WIDTH


@compiled("void(int64[::1], int64[:, :])")
def spread(rows, columns):
    """Rows [n * width], flat, into columns [width, n]."""
    width = uint64(columns.shape[0])
    for c in range(width):
        at = c
        for i in range(uint64(columns.shape[1])):
            columns[c, i] = rows[at]
            at += width


@compiled("void(int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1])")
def spread_instructions(rows, a, b, c, d, e, f):
    """The same for rows of WIDTH, each column on its own: the rows are read once."""
    at = uint64(0)
    one = uint64(1)
    for i in range(uint64(len(a))):
        a[i] = rows[at]
        b[i] = rows[at + one]
        c[i] = rows[at + uint64(2)]
        d[i] = rows[at + uint64(3)]
        e[i] = rows[at + uint64(4)]
        f[i] = rows[at + uint64(5)]
        at += uint64(6)
