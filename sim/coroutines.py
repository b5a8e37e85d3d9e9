"""The coroutines of a compiled C++ program: their functions, and the instructions that change their state.

A `Program` in, `Watch`es by address out, found in symbols, code and debug information; nothing is run. A
compiler splits a coroutine into a *ramp*, which makes the frame and runs up to the first suspension, a
function that resumes it, and one that destroys it; the frame begins with their addresses. Clang calls these
``NAME.resume`` and ``NAME.destroy`` (``NAME.cleanup`` for a frame that isn't on the heap), GCC ``NAME.actor``
and ``NAME.destroy``; the ramp is wherever the address of the resume function is stored.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sim.codescan import Step, Text
from sim.frametypes import FrameType, frame_types
from sim.isa.registers import A0, RA, SP
from sim.program import Program

#: Instructions that are followed behind a call to see whether anything but a return comes.
_EPILOGUE = 48
#: Functions by which memory is given back begin so, or have `operator delete` in their names.
_DELETES = ("_ZdlPv", "free")
_MEMBER_DELETE = "dlEPv"


@dataclass
class CoroutineFunction:
    """A coroutine. ``resume`` is the entry of its resume function, ``body`` that function's code;
    ``starts_inside`` is true if the ramp runs the first part by calling the resume function (GCC), and the
    destroy function does its work so. ``size``: bytes of a frame, 0 if unknown. ``index``: (offset, bytes) in
    the frame of the number of the suspension, ``places``: that number -> where it resumes, or at least where
    it was suspended."""

    name: str
    resume: int
    body: list[range]
    destroys: list[int]
    starts_inside: bool
    frame: FrameType | None = None
    size: int = 0
    index: tuple[int, int] | None = None
    places: dict[int, int] = field(default_factory=dict)

    def number_in(self, value: int, store: Step) -> int:
        """The suspension's number in what an instruction stores that `stores_number`."""
        offset, size = self.index or (0, 0)
        return value >> 8 * (offset - store.operands["imm"]) & ((1 << 8 * size) - 1)

    def stores_number(self, step: Step) -> bool:
        """True for a store over the number's place in what is no stack frame."""
        instruction = step.decoded.instruction
        if self.index is None or instruction.effect != "store" or "rs2" not in step.operands:
            return False
        behind = self.index[0] - step.operands.get("imm", 0)
        return 0 <= behind <= instruction.access - self.index[1] and step.operands["rs1"] != SP

    def has(self, pc: int) -> bool:
        """True for an address in the resume function."""
        return any(pc in code for code in self.body)


@dataclass(frozen=True)
class Watch:
    """What a watched instruction may be doing, if registers agree:

    ``create``: a store of the resume function's address into the new frame; ``enter``: the first instruction
    of the resume function; ``leave``: a return or jump that may lead out of it; ``transfer``: a call that
    the resume function does last; ``index``: a store in the ramp of the suspension's number, ``zero``: of the
    null pointer that marks the final one; ``destroy``: the first instruction of a function that destroys;
    ``delete``: a call that gives a frame's memory back.
    """

    action: str
    function: CoroutineFunction
    step: Step


def find_coroutines(program: Program) -> list[CoroutineFunction]:
    """The coroutines that the program's symbols tell of."""
    by_name = {name: address for address, name in program.functions}
    found = []
    for name, address in by_name.items():
        base, _, part = name.rpartition(".")
        if part not in ("resume", "actor") or f"{base}.destroy" not in by_name:
            continue
        destroys = [by_name[f"{base}.{end}"] for end in ("destroy", "cleanup") if f"{base}.{end}" in by_name]
        found.append(CoroutineFunction(name, address, [], destroys, starts_inside=part == "actor"))
    types = frame_types(program.debug, {each.resume: each.name for each in found})
    for each in found:
        each.frame = types.get(each.resume)
        each.size = each.frame.size if each.frame is not None else 0
    return sorted(found, key=lambda each: each.resume)


def watches(program: Program) -> dict[int, list[Watch]]:
    """What to watch in the program, by address; nothing for a program without coroutines."""
    functions = find_coroutines(program)
    if not functions:
        return {}
    text = Text(program)
    made: list[Watch] = []
    for each in functions:
        parts = [address for address, name in program.functions if name.startswith(f"{each.name}.")]
        each.body = [text.function_at(address) for address in (each.resume, *parts)]
        made += _in_body(text, each)
        made += (Watch("destroy", each, _first(text, address)) for address in each.destroys)
    made += _in_ramps(text, functions)
    by_address: dict[int, list[Watch]] = {}
    for watch in made:
        by_address.setdefault(watch.step.pc, []).append(watch)
    return by_address


def _first(text: Text, address: int) -> Step:
    return next(text.steps(text.function_at(address)))


def _in_body(text: Text, function: CoroutineFunction) -> Iterator[Watch]:
    """Entry and exits of the resume function; what it stores as the suspension's number is noted."""
    yield Watch("enter", function, _first(text, function.resume))
    steps = {step.pc: step for code in function.body for step in text.steps(code)}
    _note_places(function, list(steps.values()))
    for step in steps.values():
        if not step.jumps:
            continue
        outside = step.target is None or not function.has(step.target)
        if _is_delete(text, step):
            yield Watch("delete", function, step)
        if step.operands["rd"] == 0 and outside:
            yield Watch("leave", function, step)
        elif step.links and step.target is None and _returns_next(steps, step):
            yield Watch("transfer", function, step)


def _note_places(function: CoroutineFunction, steps: list[Step]) -> None:
    """The suspension numbers, by the instructions that store them, unless labels say better."""
    function.index = _index_field(function, steps)
    for step in steps:
        if function.stores_number(step) and step.stored is not None:
            function.places[function.number_in(step.stored, step)] = step.pc
    if function.frame is not None:
        function.places |= function.frame.resumes


def _index_field(function: CoroutineFunction, steps: list[Step]) -> tuple[int, int] | None:
    """(offset, bytes) of the suspension's number in the frame. Without debug information, GCC's is what the
    function loads first as an unsigned halfword."""
    if function.frame is not None and function.frame.index is not None:
        return function.frame.index.offset, function.frame.index.size
    first = next((step for step in steps if step.mnemonic == "lhu"), None) if function.starts_inside else None
    return (first.operands["imm"], 2) if first is not None else None


def _is_delete(text: Text, step: Step) -> bool:
    name = text.target_name(step)
    return name.startswith(_DELETES) or _MEMBER_DELETE in name


def _returns_next(steps: dict[int, Step], call: Step) -> bool:
    """True if nothing comes behind the call but what takes down the stack frame, and a return: so GCC passes
    control on when it doesn't make tail calls."""
    pc = call.next
    for _ in range(_EPILOGUE):
        step = steps.get(pc)
        if step is None or step.links:
            return False
        if step.jumps and step.operands["rd"] == 0:
            if step.target is None:
                return step.operands.get("rs1") == RA
            pc = step.target
            continue
        restores = step.mnemonic == "ld" and step.operands["rs1"] == SP
        moves = step.mnemonic == "addi" and step.operands["rd"] in (0, SP)
        if not restores and not moves:
            return False
        pc = step.next
    return False


def _in_ramps(text: Text, functions: list[CoroutineFunction]) -> Iterator[Watch]:
    """Where frames are made, and what may happen to one until its ramp returns."""
    by_resume = {each.resume: each for each in functions}
    ramps = {text.function_at(pc) for pc in text.may_form(by_resume)}
    for code in sorted(ramps, key=lambda code: code.start):
        made: dict[int, CoroutineFunction] = {}
        allocated = 0
        for step in text.steps(code):
            if step.links and text.target_name(step).startswith("_Znwm"):
                allocated = step.known.get(A0, 0)
            if step.mnemonic == "sd" and step.operands["imm"] == 0 and step.stored in by_resume:
                function = by_resume[step.stored]
                made[function.resume] = function
                function.size = function.size or allocated
                yield Watch("create", function, step)
            elif made and step.jumps and _is_delete(text, step):
                for function in made.values():
                    yield Watch("delete", function, step)
            for function in made.values() if not step.jumps else ():
                if step.mnemonic == "sd" and step.operands["imm"] == 0 and step.stored == 0:
                    yield Watch("zero", function, step)
                if function.stores_number(step):
                    yield Watch("index", function, step)
