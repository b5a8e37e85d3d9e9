"""Large arrays of which little may be written: they take up the host's memory page by page, as it is."""

import math
import mmap

import numpy as np
from numpy.typing import NDArray


def zeros(*shape: int) -> NDArray[np.int64]:
    """int64 of this shape, all zero. NumPy's own arrays ask for huge pages: there, the first rows of a table
    of eleven columns would take 22 MB."""
    area = mmap.mmap(-1, 8 * math.prod(shape), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_NOHUGEPAGE"):
        area.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(area, np.int64).reshape(shape)
