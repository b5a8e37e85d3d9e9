"""``python -m conformance``: miniature suites in the layouts of the official ones."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conformance.build import COMPILERS, compiler
from conformance.suite import NoSuite, extensions

ROOT = Path(__file__).parents[2]

MACROS = """
#define TEST_CASE(number, register, right, code...) \\
        li TESTNUM, number; code; li x7, right; bne register, x7, fail;
#define TEST_PASSFAIL bne x0, TESTNUM, pass; fail: RVTEST_FAIL; pass: RVTEST_PASS
"""
PROGRAM = """
#include "riscv_test.h"
#include "test_macros.h"
RVTEST_RV64U
RVTEST_CODE_BEGIN
{cases}
TEST_PASSFAIL
RVTEST_CODE_END
        .data
RVTEST_DATA_BEGIN
        .align 4
word:   .dword 5
RVTEST_DATA_END
"""
ARCH_HEADER = """
.macro RVTEST_CODE_BEGIN
        li a0, 0x6000
        csrs mstatus, a0
        csrwi fcsr, 0
.endm
.macro RVTEST_CODE_END
.endm
#define RVTEST_ISA(text)
#define RVTEST_CASE(number, text, label)
"""
ARCH_PROGRAM = """
#include "model_test.h"
#include "arch_test.h"
RVTEST_ISA("{isa}")
        .section .text.init
        .globl rvtest_entry_point
rvtest_entry_point:
RVMODEL_BOOT
RVTEST_CODE_BEGIN
RVTEST_CASE(0,"//check ISA:=regex({pattern}); def TEST_CASE_1=True;{more}",label)
#ifdef TEST_CASE_1
{body}
#endif
RVTEST_CODE_END
RVMODEL_HALT
        .data
RVMODEL_DATA_BEGIN
words:  .word 0xdeadbeef, 0xdeadbeef, 0xdeadbeef, XLEN
RVMODEL_DATA_END
"""


@pytest.fixture(scope="module", autouse=True)
def assembler() -> None:
    try:
        compiler(None)
    except NoSuite:
        pytest.skip(f"needs {COMPILERS[0]}; on Debian: apt-get install gcc-riscv64-linux-gnu")


def conform(folder: Path, *options: object) -> tuple[int, dict[str, tuple[str, str]], str]:
    """(exit status, verdict and detail by program, standard error)."""
    answers = folder / "results.json"
    command = [sys.executable, "-m", "conformance", str(folder), "--json", str(answers), "--jobs", "1"]
    done = subprocess.run(
        [*command, *map(str, options)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    rows: list[dict[str, Any]] = json.loads(answers.read_text()) if answers.exists() else []
    return done.returncode, {r["name"]: (r["verdict"], r["detail"]) for r in rows}, done.stderr


def riscv_tests(folder: Path, **programs: str) -> None:
    """``set__name="cases"`` becomes isa/set/name.S."""
    macros = folder / "isa" / "macros" / "scalar" / "test_macros.h"
    macros.parent.mkdir(parents=True, exist_ok=True)
    macros.write_text(MACROS)
    for name, cases in programs.items():
        path = folder / "isa" / f"{name.replace('__', '/')}.S"
        path.parent.mkdir(exist_ok=True)
        path.write_text(PROGRAM.format(cases=cases))


def arch_test(folder: Path, name: str, body: str, **text: str) -> Path:
    suite = folder / "riscv-test-suite"
    (suite / "env").mkdir(parents=True, exist_ok=True)
    (suite / "env" / "arch_test.h").write_text(ARCH_HEADER)
    path = suite / "rv64i_m" / f"{name}.S"
    path.parent.mkdir(parents=True, exist_ok=True)
    values = {"isa": "RV64I", "pattern": ".*I.*", "more": ""} | text
    path.write_text(ARCH_PROGRAM.format(body=body, **values))
    return path


def test_exit_status_names_the_failing_test(tmp_path: Path) -> None:
    riscv_tests(
        tmp_path,
        rv64ui__right="TEST_CASE(2, a0, 3, li a0, 3)",
        rv64ui__wrong="TEST_CASE(2, a0, 3, li a0, 3)\nTEST_CASE(9, a0, 3, li a0, 4)",
        rv64ui__page="TEST_CASE(256, a0, 3, li a0, 4)",
        rv64ui__dies="TEST_CASE(2, a0, 3, ld a0, 0(zero))",
        rv64ui__broken="no_such_instruction a0",
        rv64ui__unlinked="call nowhere",
        rv64ui__modified="la a0, 1f; li a1, 0x00300513; sw a1, 0(a0); fence.i; .option norvc\n"
        "1: li a0, 4\nTEST_CASE(2, a0, 3, nop)",
        rv64ua__amocas_w="TEST_CASE(2, a0, 3, amocas.w a0, a1, (a2))",
        rv64mi__csr="",
        rv32ui__add="",
    )
    status, results, _ = conform(tmp_path)
    assert status == 1
    assert results["rv64ui/right"] == results["rv64ui/modified"] == ("pass", "")
    assert results["rv64ui/wrong"] == ("FAIL", "test 9 failed")
    assert results["rv64ui/page"] == ("FAIL", "test 255 failed")
    verdict, detail = results["rv64ui/dies"]
    assert verdict == "FAIL" and detail.startswith("SIGSEGV") and "loaded from 0x0" in detail
    verdict, detail = results["rv64ui/broken"]
    assert verdict == "not built" and "no_such_instruction" in detail
    verdict, detail = results["rv64ui/unlinked"]
    assert verdict == "not built" and "undefined reference to `nowhere'" in detail
    assert results["rv64ua/amocas_w"] == ("skipped", "needs Zacas, which simrec doesn't have")
    assert results["rv64mi/csr"] == ("skipped", "needs machine or supervisor mode")
    assert results["rv32ui/add"] == ("skipped", "32-bit")


def test_both_executors_and_a_choice_of_programs(tmp_path: Path) -> None:
    riscv_tests(
        tmp_path / "a" / "riscv-tests",
        rv64ua__sc="TEST_CASE(2, a0, 1, la a1, word; sc.w a0, a1, (a1))",
        rv64uf__add="TEST_CASE(2, a0, 1, fcvt.s.w f1, x0; fmul.s f1, f1, f1; fsflags a0; addi a0, a0, 1)",
        rv64ui__wrong="TEST_CASE(2, a0, 3, li a0, 4)",
    )
    status, results, _ = conform(tmp_path, "--executor", "both", "--only", "rv64u[af]/*")
    assert status == 0
    assert results == {"rv64ua/sc": ("pass", ""), "rv64uf/add": ("pass", "")}


def test_signatures_are_compared_with_the_suites_references(tmp_path: Path) -> None:
    body = "la a0, words + 4; li a1, 7; sw a1, -4(a0); fcvt.s.w f1, a1; fsw f1, 0(a0)"
    for name in ("same", "other", "short"):
        arch_test(tmp_path, f"F/src/{name}", body, isa="RV64IF_Zicsr")
    references = tmp_path / "riscv-test-suite" / "rv64i_m" / "F" / "references"
    references.mkdir()
    right = "00000007\n40E00000\ndeadbeef\n00000040\n"
    (references / "same.reference_output").write_text(right)
    (references / "other.reference_output").write_text(right.replace("40E", "41E"))
    (references / "short.reference_output").write_text(right[:18])
    status, results, _ = conform(tmp_path)
    assert status == 1
    assert results["rv64i_m/F/same"] == ("pass", "")
    wrong = "word 1 of the signature is 40e00000, not 41e00000 (other.reference_output)"
    assert results["rv64i_m/F/other"] == ("FAIL", wrong)
    short = "4 words of signature, not 2 (short.reference_output)"
    assert results["rv64i_m/F/short"] == ("FAIL", short)


def test_which_arch_tests_are_for_a_user_process(tmp_path: Path) -> None:
    body = "la a0, words; li a1, 7; sw a1, 0(a0)"
    arch_test(tmp_path, "I/src/i", body)
    arch_test(tmp_path, "I/src/alternative", body, isa="RV64EM,RV64IVector,RV64IM_Zicsr")
    arch_test(tmp_path, "I/src/trap", body, more=" def rvtest_mtrap_routine=True;")
    arch_test(tmp_path, "K/src/k", body, isa="RV64IK_Zknd", pattern=".*K.*")
    arch_test(tmp_path, "I/src/e", body, pattern=".*E.*")
    status, results, _ = conform(tmp_path, "--references", tmp_path)
    references = {name for name, (verdict, _) in results.items() if verdict in ("pass", "no reference")}
    assert references == {"rv64i_m/I/i", "rv64i_m/I/alternative"}
    assert results["rv64i_m/I/trap"] == ("skipped", "needs a trap handler in machine mode")
    assert results["rv64i_m/K/k"][0] == "skipped"
    assert results["rv64i_m/I/e"] == ("skipped", "is for targets with ISA:=regex(.*E.*)")
    (tmp_path / "i.signature").write_text("00000007\ndeadbeef\ndeadbeef\n00000040\n")
    status, results, _ = conform(tmp_path, "--references", tmp_path, "--only", "rv64i_m/I/i")
    assert (status, results) == (0, {"rv64i_m/I/i": ("pass", "")})


def test_nothing_to_run_is_an_error(tmp_path: Path) -> None:
    status, _, errors = conform(tmp_path)
    assert status == 2
    assert errors.startswith("conformance: ") and errors.count("\n") == 1


def test_the_table_of_instructions_says_what_can_be_run() -> None:
    assert {"i", "m", "a", "f", "d", "c", "zicsr", "zifencei"} <= extensions()
