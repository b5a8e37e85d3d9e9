"""Compiles a Python function to an object file that CPython can call and that needs nothing of Numba's.

A function and the types of its parameters go in; the bytes of an object file come out, which
`sim.machine.machinecode` keeps and loads. Numba makes the code. Around it stands one C function, ``call``, of
the kind that extension modules are made of (METH_FASTCALL): it checks and unpacks the arguments, lets go of
the interpreter's lock while the code runs, and makes an object of the result. So a call costs less than one
by Numba's dispatcher, and loading the file takes no Numba. Imports Numba: only to compile.
"""

from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

import llvmlite.binding as llvm
from numba import njit, types
from numba.core.sigutils import normalize_signature
from numba.np.numpy_support import as_dtype

#: Bytes before an object's own fields; its type stands in the last eight (CPython's object.h).
_HEADER = object.__basicsize__
#: Where NumPy's arrays and dtypes have their fields, from there on: its ABI, which extension modules have
#: compiled into them (PyArrayObject_fields and PyArray_Descr in ndarraytypes.h).
_DATA, _DIMENSIONS, _SHAPE, _STRIDES, _DTYPE, _FLAGS = 0, 8, 16, 24, 40, 48
_TYPE_NUMBER = 12
#: Bits of an array's flags.
_CONTIGUOUS, _ALIGNED = 0x1, 0x100

#: What Numba's functions in C are called.
_RUNTIME = ("numba_", "NRT_")

_DECLARED = """
@ndarray = external global i8
@PyExc_TypeError = external global ptr
declare i64 @PyLong_AsLongLong(ptr)
declare ptr @PyErr_Occurred()
declare void @PyErr_SetString(ptr, ptr)
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)
declare ptr @Py_BuildValue(ptr, ...)
"""


class NeedsRuntime(Exception):
    """A function prints, makes objects or else does what Numba's own library does for it."""


def object_file(
    function: Callable[..., Any], signature: str, helpers: Sequence[Callable[..., Any]] = ()
) -> bytes:
    """The object file of a function. ``signature`` is as Numba writes it, like ``int64(uint8[::1], int64)``:
    parameters are int64 or arrays, results int64, a tuple of those, or void. ``helpers`` are functions that
    this one and those after them call, in plain Python; others have to be compiled by Numba already. Raises
    NeedsRuntime, and Numba's errors for what it can't compile. A call of what raises ends in SystemError."""
    arguments, result = normalize_signature(signature)
    code = _compiled(function, arguments, result, helpers)
    overload = code.overloads[arguments]
    module = llvm.parse_assembly(code.inspect_llvm(arguments))
    module.link_in(llvm.parse_assembly(_Caller(signature, arguments, result).text(overload)))
    for item in (*module.functions, *module.global_variables):
        if not item.is_declaration and item.name != "call":
            item.linkage = "internal"
    machine = _target_machine()
    passes = llvm.create_new_module_pass_manager()
    # What nothing calls any more; some of it is for Numba's own callers, and would need symbols of Numba's.
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options()))
    needed = [item.name for item in module.functions if item.name.startswith(_RUNTIME)]
    if needed:
        raise NeedsRuntime(f"{function.__name__} needs {', '.join(needed)} of Numba's runtime")
    made: bytes = machine.emit_object(module)
    return made


def _compiled(
    function: Callable[..., Any], arguments: Any, result: Any, helpers: Sequence[Callable[..., Any]]
) -> Any:
    """Numba's dispatcher with one overload."""
    # References to arrays are not counted: they are the caller's, and counting is Numba's runtime's.
    compile_ = njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False, error_model="numpy")
    space = dict(function.__globals__)
    for helper in helpers:
        space[helper.__name__] = compile_(_copy(helper, space))
    made = compile_(_copy(function, space))
    made.compile(arguments if result is None else result(*arguments))
    return made


def _copy(function: Callable[..., Any], space: dict[str, Any]) -> Callable[..., Any]:
    """A function with other globals."""
    return FunctionType(function.__code__, space, function.__name__)


def _target_machine() -> Any:
    """This host's, in full. Position-independent code may be loaded anywhere."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
        reloc="pic",
        codemodel="small",
    )


class _Caller:
    """Writes ``call``, in LLVM's language."""

    def __init__(self, signature: str, arguments: Sequence[Any], result: Any) -> None:
        self._signature = signature
        self._arguments = arguments
        if isinstance(result, types.UniTuple):
            self._results = result.count
        else:
            self._results = 0 if result in (None, types.void) else 1
        self._lines: list[str] = []
        self._count = 0

    def text(self, overload: Any) -> str:
        """A module with it, that calls this overload of Numba's."""
        name = overload.fndesc.llvm_func_name
        given = self._body(name)
        return "\n".join(
            [
                _DECLARED,
                f'declare i32 @"{name}"({", ".join(value.split()[0] for value in given)})',
                _constant("format", "L" * self._results),
                _constant("wrong", f"expected arguments: {self._signature}"),
                "define ptr @call(ptr %self, ptr %arguments, i64 %count) {",
                *self._lines,
                "wrong:",
                "%kind = load ptr, ptr @PyExc_TypeError",
                "call void @PyErr_SetString(ptr %kind, ptr @wrong)",
                "br label %failed",
                "failed:",
                "ret ptr null",
                "}",
            ]
        )

    def _body(self, name: str) -> list[str]:
        """Up to the result; what it gives Numba's function (numba.core.callconv): where to put the result and
        an exception, then the arguments, arrays taken apart. That returns 0 if there was no exception."""
        results = self._add(f"alloca [{max(self._results, 1)} x i64]")
        given = [f"ptr {results}", f"ptr {self._add('alloca ptr')}"]
        self._go_on_if(self._add(f"icmp eq i64 %count, {len(self._arguments)}"))
        for number, kind in enumerate(self._arguments):
            place = self._add(f"getelementptr ptr, ptr %arguments, i64 {number}")
            item = self._add(f"load ptr, ptr {place}")
            given += self._array(item, kind) if isinstance(kind, types.Array) else self._integer(item)
        raised = self._add("call ptr @PyErr_Occurred()")
        self._go_on_if(self._add(f"icmp eq ptr {raised}, null"), "failed")
        thread = self._add("call ptr @PyEval_SaveThread()")
        status = self._add(f'call i32 @"{name}"({", ".join(given)})')
        self._lines.append(f"call void @PyEval_RestoreThread(ptr {thread})")
        # CPython raises SystemError if there is neither a result nor an exception.
        self._go_on_if(self._add(f"icmp eq i32 {status}, 0"), "failed")
        values = [f"i64 {self._field(results, 8 * n, 'i64')}" for n in range(self._results)]
        built = self._add(f"call ptr (ptr, ...) @Py_BuildValue({', '.join(['ptr @format', *values])})")
        self._lines.append(f"ret ptr {built}")
        return given

    def _integer(self, item: str) -> list[str]:
        # An exception is looked for once, behind the last argument.
        return [f"i64 {self._add(f'call i64 @PyLong_AsLongLong(ptr {item})')}"]

    def _array(self, item: str, kind: Any) -> list[str]:
        """Of NumPy's own class, with these dimensions and this type; then the fields of Numba's array."""
        self._go_on_if(self._add(f"icmp eq ptr {self._field(item, _HEADER - 8, 'ptr')}, @ndarray"))
        dtype = self._field(item, _HEADER + _DTYPE, "ptr")
        flags = _ALIGNED | (_CONTIGUOUS if kind.layout == "C" else 0)
        set_ = self._add(f"and i32 {self._field(item, _HEADER + _FLAGS, 'i32')}, {flags}")
        element = as_dtype(kind.dtype)
        for found, wanted in (
            (self._field(item, _HEADER + _DIMENSIONS, "i32"), kind.ndim),
            (self._field(dtype, _HEADER + _TYPE_NUMBER, "i32"), element.num),
            (set_, flags),
        ):
            self._go_on_if(self._add(f"icmp eq i32 {found}, {wanted}"))
        tables = (self._field(item, _HEADER + place, "ptr") for place in (_SHAPE, _STRIDES))
        shape, strides = ([self._field(table, 8 * n, "i64") for n in range(kind.ndim)] for table in tables)
        size = shape[0]
        for length in shape[1:]:
            size = self._add(f"mul i64 {size}, {length}")
        data = self._field(item, _HEADER + _DATA, "ptr")
        numbers = [f"i64 {value}" for value in (size, element.itemsize)]
        return ["ptr null", "ptr null", *numbers, f"ptr {data}", *(f"i64 {n}" for n in (*shape, *strides))]

    def _field(self, base: str, offset: int, kind: str) -> str:
        place = self._add(f"getelementptr i8, ptr {base}, i64 {offset}")
        return self._add(f"load {kind}, ptr {place}")

    def _add(self, instruction: str) -> str:
        """Write an instruction; the name of its value."""
        self._count += 1
        self._lines.append(f"%v{self._count} = {instruction}")
        return f"%v{self._count}"

    def _go_on_if(self, condition: str, otherwise: str = "wrong") -> None:
        self._count += 1
        self._lines += [f"br i1 {condition}, label %b{self._count}, label %{otherwise}", f"b{self._count}:"]


def _constant(name: str, text: str) -> str:
    return f'@{name} = internal constant [{len(text) + 1} x i8] c"{text}\\00"'
