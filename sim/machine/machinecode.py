"""Machine code on the disk: object files that are made once, and loaded without what made them.

An `ObjectFile` is named for what its code was made from and for the host that it was made for. Its bytes come
from `sim.machine.compiler`, which takes Numba and seconds; they go through LLVM's linker (llvmlite) to a
function that Python calls, in milliseconds. A file that is damaged or of another host is as good as none.
"""

import ctypes
import hashlib
import importlib.util
import os
import sys
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

_DIGEST = hashlib.sha256().digest_size
_FASTCALL = 0x80
#: What is loaded stays so: its address is in other code's hands.
_loaded: list[Any] = []
_linking = threading.Lock()


class ObjectFile:
    """One function's machine code in a directory: the object file, then its SHA-256 digest."""

    def __init__(self, directory: Path, name: str, source: bytes) -> None:
        """``source`` is all that the code is made from, except the compilers and the host."""
        key = hashlib.sha256(source + repr(host()).encode())
        self.path = directory / f"{name}_{key.hexdigest()[:24]}.o"

    def read(self) -> bytes | None:
        """The code, or None if it isn't there as it was written."""
        try:
            held = self.path.read_bytes()
        except OSError:
            return None
        code, digest = held[:-_DIGEST], held[-_DIGEST:]
        return code if hashlib.sha256(code).digest() == digest else None

    def write(self, make: Callable[[], bytes]) -> bytes:
        """Make the code and keep it; a rename makes the file whole at once. Raises OSError, before anything
        is made, if the directory can't be written."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
        try:
            with partial.open("wb") as file:
                code = make()
                file.write(code + hashlib.sha256(code).digest())
            partial.replace(self.path)
        finally:
            partial.unlink(missing_ok=True)
        return code


@cache
def loaded(name: str, code: bytes) -> Callable[..., Any]:
    """The function in an object file, under a name for messages, once in a process. It runs without the
    interpreter's lock."""
    import llvmlite.binding as llvm

    with _linking:
        builder = llvm.JITLibraryBuilder().add_object_img(code).add_current_process()
        # NumPy's class of arrays; CPython's own functions are found in the process.
        builder.import_symbol("ndarray", id(np.ndarray)).export_symbol("call")
        library = builder.link(_linker(), f"{name} {len(_loaded)}")
        method = _Method(name.encode(), library["call"], _FASTCALL, None)
        _loaded.append((library, method))
    made: Callable[..., Any] = _new_function(ctypes.byref(method), None, None)
    return made


class _Method(ctypes.Structure):
    """CPython's PyMethodDef."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    ]


_new_function = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)(
    ("PyCFunction_NewEx", ctypes.pythonapi)
)


@cache
def _linker() -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.create_lljit_compiler()


@cache
def host() -> tuple[Any, ...]:
    """What else machine code depends on: the compilers, Python's and NumPy's ABI, the processor, and Numba's
    settings."""
    import llvmlite
    import llvmlite.binding as llvm

    settings = sorted(item for item in os.environ.items() if item[0].startswith("NUMBA_"))
    return (
        *(_numba_version(), llvmlite.__version__, np.__version__, sys.version),
        *(llvm.get_process_triple(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()),
        *(Path(__file__).with_name("compiler.py").read_bytes(), settings),
    )


def _numba_version() -> bytes:
    """Numba's version, without importing it."""
    spec = importlib.util.find_spec("numba")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).with_name("_version.py").read_bytes()
