"""C and C++ sources become executables: the same for the same contents, and compiled once."""

from pathlib import Path

import cprograms
import pytest

from sim.program import Program
from simrec.buildcache import compile_source
from simrec.cflags import BadFlags, Flags
from simrec.compiler import Compiler, NoCompiler, NotCompiled

MAIN = """
#include "step.h"
#include <stdio.h>
int main(int argc, char **argv) { printf("%d %s\\n", STEP * argc, argv[1]); return STEP; }
"""


@pytest.fixture(autouse=True)
def compiler() -> None:
    cprograms.need_clang()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a program and its header, the working directory; no image is kept yet."""
    folder = tmp_path / "a folder"
    folder.mkdir()
    (folder / "main.c").write_text(MAIN)
    (folder / "step.h").write_text("#define STEP 3\n")
    monkeypatch.chdir(folder)
    return folder


def build(directory: Path, name: str = "main.c", *cflags: str) -> bytes:
    return compile_source(Path(name), Flags.parse(cflags), directory).image


def test_the_image_depends_on_contents_and_not_on_the_folder(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build(tmp_path / "cache")
    other = tmp_path / "elsewhere" / "deeper"
    other.mkdir(parents=True)
    for name in ("main.c", "step.h"):
        (other / name).write_text((project / name).read_text())
    monkeypatch.chdir(other)
    assert build(tmp_path / "another cache") == first
    for folder in (project, other, Path(cprograms.__file__).parents[1], Path.home()):
        assert str(folder).encode() not in first


def test_what_was_compiled_is_compiled_again_only_when_something_changed(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[str] = []
    real = Compiler.build

    def counting(self: Compiler, source: Path, flags: Flags) -> object:
        built.append(str(source))
        return real(self, source, flags)

    monkeypatch.setattr(Compiler, "build", counting)
    first = build(tmp_path / "cache")
    assert build(tmp_path / "cache") == first
    assert len(built) == 1
    (project / "step.h").write_text("#define STEP 4\n")
    second = build(tmp_path / "cache")
    assert second != first
    build(tmp_path / "cache", "main.c", "-O2")
    assert len(built) == 3
    for image in (tmp_path / "cache").glob("*.elf"):
        image.write_bytes(b"damaged")
    assert build(tmp_path / "cache") == second


def test_warnings_are_told_again_with_the_kept_image(project: Path, tmp_path: Path) -> None:
    (project / "main.c").write_text("int main(void) { int unused; return 0; }\n")
    told = [compile_source(Path("main.c"), Flags.parse(["-Wall"]), tmp_path).messages for _ in range(2)]
    assert told[0] == told[1]
    assert "main.c:1:22: warning: unused variable 'unused'" in told[0]


def test_a_compiled_program_runs(project: Path, tmp_path: Path) -> None:
    assert cprograms.qemu(build(tmp_path / "cache"), tmp_path, "hi") == (3, b"6 hi\n")


def test_flags_carry_further_files(project: Path, tmp_path: Path) -> None:
    (project / "main.c").write_text("int twice(int); int main(void) { return twice(FOUR); }\n")
    (project / "twice.c").write_text("int twice(int x) { return 2 * x; }\n")
    with pytest.raises(NotCompiled, match="undefined symbol: twice"):
        build(tmp_path, "main.c", "-DFOUR=4")
    assert cprograms.qemu(build(tmp_path, "main.c", "-DFOUR=4 twice.c"), tmp_path)[0] == 8
    (project / "twice.c").write_text("int twice(int x) { return 2 * x + 1; }\n")
    assert cprograms.qemu(build(tmp_path, "main.c", "-D FOUR=4", "twice.c"), tmp_path)[0] == 9


def test_cpp_with_exceptions_and_threads(project: Path, tmp_path: Path) -> None:
    (project / "main.cpp").write_text(
        """
        #include <iostream>
        #include <stdexcept>
        #include <thread>
        int main() {
            std::thread([] { std::cout << "thread\\n"; }).join();
            try { throw std::runtime_error("caught"); } catch (std::exception &e) { std::cout << e.what(); }
        }
        """
    )
    assert cprograms.qemu(build(tmp_path, "main.cpp"), tmp_path) == (0, b"thread\ncaught")


def test_undefined_behaviour_is_no_trap(project: Path, tmp_path: Path) -> None:
    (project / "main.c").write_text(
        "#include <limits.h>\nint main(int n, char **v) { int x = INT_MAX; return (x + n) == INT_MIN; }\n"
    )
    assert cprograms.qemu(build(tmp_path), tmp_path)[0] in (0, 1)


def test_probes_have_names(project: Path, tmp_path: Path) -> None:
    (project / "main.c").write_text(
        "#include <simrec.h>\n#define HITS 12\n"
        "SIMREC_PROBE_NAME(requests, 7);\nSIMREC_PROBE_NAME(hits, HITS);\n"
        "int main(int n, char **v) { SIMREC_PROBE(requests, n); SIMREC_PROBE(hits, 3L * n); return 0; }\n"
    )
    image = build(tmp_path)
    assert Program.from_elf("main.c", image).probes == {7: "requests", 12: "hits"}
    assert cprograms.qemu(image, tmp_path)[0] == 0


def test_the_compilers_message_is_shown(project: Path, tmp_path: Path) -> None:
    (project / "main.c").write_text("int main(void) { retrun 0; }\n")
    with pytest.raises(NotCompiled) as error:
        build(tmp_path)
    assert str(error.value).startswith("main.c doesn't compile\nmain.c:1:18: error: ")
    assert error.value.exit_status == 2
    assert not list(tmp_path.glob("*.json"))


def test_without_ziglang_the_extra_is_named(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(NoCompiler, match=r"pip install 'simrec\[c\]'"):
        build(tmp_path)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("-o out", "can't have -o"),
        ("-O2 -shared", "can't have -shared"),
        ("'open", "no closing quotation"),
        ("plain", "neither an option nor a source"),
    ],
)
def test_flags_that_make_no_sense_are_refused(flags: str, said: str) -> None:
    with pytest.raises(BadFlags, match=said):
        Flags.parse([flags])
