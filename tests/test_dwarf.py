"""Names, source lines and inlined calls of compiled programs, compared with binutils' addr2line."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import cprograms
import pytest

from sim.program import Caller, Program
from sim.symbols import readable

#: Two levels of inlining, a loop, a call from two places.
NESTED = """\
static inline int square(int x) { return x * x; }
static inline int sum_of_squares(int *values, int count) {
    int sum = 0;
    for (int i = 0; i < count; i++)
        sum += square(values[i]);
    return sum;
}
int table[4] = {1, 2, 3, 4};
static int hidden;
int main(int argc, char **argv) {
    int first = sum_of_squares(table, argc);
    hidden += sum_of_squares(table, 4);
    return first + hidden;
}
"""
CPP = """\
#include <map>
#include <string>
#include <thread>
#include <vector>
namespace shop {
template <typename T> struct Stack {
    std::vector<T> held;
    void push(T value) { held.push_back(value); }
};
}
int main(int argc, char **argv) {
    shop::Stack<int> stack;
    std::map<std::string, int> names;
    std::thread([&] { stack.push(argc); names["a"] = 1; }).join();
    return stack.held.size() + names.size();
}
"""
#: Of a name of libc++.
REST = "traitsIcEENS_9allocatorIcEEE4sizeB9nie220108Ev"
ADDR2LINE = "riscv64-linux-gnu-addr2line"


def told_by_binutils(path: Path, addresses: list[int]) -> Iterator[list[str]]:
    """``file:line`` of each frame at each address, innermost first; the file without its directory."""
    command = [ADDR2LINE, "-e", str(path), "-i", "-a"]
    text = subprocess.run(
        command, input="\n".join(map(hex, addresses)), capture_output=True, text=True, check=True
    ).stdout
    frames: list[str] = []
    for line in text.splitlines()[1:]:
        if line.startswith("0x"):
            yield frames
            frames = []
        else:
            file, _, number = line.split(" (disc")[0].rpartition(":")
            frames.append(f"{file.rpartition('/')[2]}:{number}" if number not in ("?", "0") else "?")
    yield frames


def told_by_us(program: Program, address: int) -> list[str]:
    place = program.locate(address)
    lines = [(place.file, place.line), *((caller.file, caller.line) for caller in place.callers)]
    return [f"{file.rpartition('/')[2]}:{line}" if line else "?" for file, line in lines]


def build(tmp_path: Path, compiler: str, text: str, name: str, flags: str) -> bytes:
    made = cprograms.clang_text if compiler == "clang" else cprograms.gcc_text
    return made(tmp_path, text, *flags.split(), name=name)


@pytest.mark.parametrize("compiler", ["clang", "gcc"])
@pytest.mark.parametrize("flags", ["-gdwarf-4", "-gdwarf-5", "-O2", "-O0", "-gdwarf-4 -gz", "-gdwarf-4 -O3"])
def test_lines_and_inlined_calls_of_c(tmp_path: Path, compiler: str, flags: str) -> None:
    cprograms.need(ADDR2LINE)
    compare(tmp_path, build(tmp_path, compiler, NESTED, "nested.c", flags))


@pytest.mark.slow
@pytest.mark.parametrize("compiler", ["clang", "gcc"])
def test_lines_and_inlined_calls_of_cpp(tmp_path: Path, compiler: str) -> None:
    cprograms.need(ADDR2LINE)
    compare(tmp_path, build(tmp_path, compiler, CPP, "nested.cpp", "-gdwarf-4"))


@pytest.mark.parametrize("level", ["-O1", "-O3"])
def test_dwarf_5_says_what_dwarf_4_says(tmp_path: Path, level: str) -> None:
    """binutils 2.40 misreads the indexed lists of ranges that clang writes in DWARF 5."""
    made = [
        Program.from_elf("p", build(tmp_path, "clang", NESTED, "nested.c", f"{version} {level}"))
        for version in ("-gdwarf-4", "-gdwarf-5")
    ]
    addresses = range(*main_of(made[0]), 2)
    assert main_of(made[1]) == main_of(made[0])
    old, new = ([program.locate(pc) for pc in addresses] for program in made)
    assert new == old
    assert any(len(place.callers) == 2 for place in new)


def compare(tmp_path: Path, image: bytes) -> None:
    path = tmp_path / "program.elf"
    path.write_bytes(image)
    program = Program.from_elf("program.elf", image)
    addresses = [
        address
        for segment in program.segments
        if "x" in segment.permissions
        for address in range(segment.address, segment.address + segment.size, 2)
        if program.locate(address).line
    ]
    assert len(addresses) > 20
    assert program.trouble() == ""
    for address, frames in zip(addresses, told_by_binutils(path, addresses), strict=True):
        assert told_by_us(program, address) == frames, hex(address)


def test_a_place_tells_the_calls_that_were_inlined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("nested.c").write_text(NESTED)
    program = Program.from_elf("nested", cprograms.clang(Path("nested.c")))
    places = [program.locate(pc) for pc in range(*main_of(program), 2)]
    deep = next(place for place in places if place.function == "square")
    assert (deep.file, deep.line) == ("nested.c", 1)
    assert deep.callers == (Caller("sum_of_squares", "nested.c", 5), Caller("main", "nested.c", 11))
    assert str(deep).endswith("inlined by sum_of_squares nested.c:5 inlined by main nested.c:11")
    assert {place.callers[-1].line for place in places if place.callers} == {11, 12}
    assert {place.function for place in places} == {"main", "sum_of_squares", "square"}
    # Names of addresses are those of the symbol table: a jump goes to main+n.
    assert program.name_of(main_of(program)[0] + 2) == "main+2"
    objects = {name: (address, size) for address, size, name in program.objects}
    assert (objects["table"][1], objects["hidden"][1]) == (16, 4)
    assert program.name_of(objects["table"][0] + 15) == "table+15"
    assert program.name_of(objects["hidden"][0]) == "hidden"
    assert set(program.files()) == {"nested.c"}


def main_of(program: Program) -> tuple[int, int]:
    """[start, end) of main."""
    starts = [address for address, _ in program.functions]
    start = next(address for address, name in program.functions if name == "main")
    return start, starts[starts.index(start) + 1]


def test_the_public_name_of_a_function_is_shown(tmp_path: Path) -> None:
    text = (
        "#include <pthread.h>\nint main(void) { pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;"
        " return pthread_mutex_lock(&m); }\n"
    )
    for image in (cprograms.clang_text(tmp_path, text), cprograms.gcc_text(tmp_path, text)):
        names = {name for _, name in Program.from_elf("p", image).functions}
        assert "pthread_mutex_lock" in names
        assert "__pthread_mutex_lock" not in names


@pytest.mark.parametrize(
    ("mangled", "shown"),
    [
        ("main", "main"),
        ("_ZN4shop5StackIiE4pushEi", "shop::Stack<int>::push"),
        ("_ZZ4mainENKUlvE_clEv", "main::'lambda'()::operator()"),
        ("_Z3fooi.resume", "foo (.resume)"),
        (
            "_ZNSt3__112basic_stringIcNS_11char_traitsIcEENS_9allocatorIcEEE4sizeB9nie220108Ev",
            "std::string::size",
        ),
        ("_ZTV5Stack", "vtable for Stack"),
        ("_Zbroken", "_Zbroken"),
        ("_Z", "_Z"),
    ],
)
def test_names_of_cpp_are_readable(mangled: str, shown: str) -> None:
    assert readable(mangled) == shown
