"""RARS's environment calls, from programs in its style."""

import pytest
import rig

MACROS = """
.macro call(%number)
        li      a7, %number
        ecall
.end_macro
.macro print(%number, %value)
        li      a0, %value
        call(%number)
.end_macro
.macro newline
        print(11, '\\n')
.end_macro
"""


def run(text: str, stdin: bytes = b"", **options: int) -> rig.Live:
    return rig.run(MACROS + text, abi="rars", stdin=stdin, **options)


def test_printing() -> None:
    live = run("""
        .data
hello:  .asciz  "hello, "
half:   .float  0.5
big:    .double -1e10
        .text
        la      a0, hello
        call(4)
        print(1, -5)
        newline
        print(34, -2)
        newline
        print(35, 5)
        newline
        print(36, -1)
        newline
        flw     fa0, half, t0
        call(2)
        newline
        fld     fa0, big, t0
        call(3)
""")
    assert live.out.decode().splitlines() == [
        "hello, -5",
        "0xfffffffffffffffe",
        "101".rjust(64, "0"),
        "18446744073709551615",
        "0.5",
        "-1.0E10",
    ]
    assert live.ended == ("exited", 0)
    names = [event.name for event in live.of("syscall", action="enter")]
    assert names[:2] == ["PrintString", "PrintInt"]
    assert names[-1] == "Exit"


def test_printing_leaves_a0_as_it_is() -> None:
    assert run("print(1, 7)\n call(93)\n").status == 7


def test_reading() -> None:
    live = run(
        """
        .data
text:   .space  8
        .text
        call(5)
        mv      s0, a0
        call(6)
        fmv.s   fs0, fa0
        call(7)
        fmv.d   fs1, fa0
        la      a0, text
        li      a1, 8
        call(8)
        call(12)
        mv      s1, a0
        la      a0, text
        call(4)
        mv      a0, s0
        call(1)
        newline
        fmv.s   fa0, fs0
        call(2)
        newline
        fmv.d   fa0, fs1
        call(3)
        mv      a0, s1
        call(93)
""",
        stdin=b" -12 \n1.5\n 2.5e3\nabc\nxyz\n",
    )
    assert live.out == b"abc\n-12\n1.5\n2500.0"
    assert live.status == ord("x")
    assert [event.data for event in live.of("input")] == [
        b" -12 \n",
        b"1.5\n",
        b" 2.5e3\n",
        b"abc\n",
        b"x",
    ]


@pytest.mark.parametrize(
    ("line", "size", "kept"),
    [
        (b"abcdefgh\n", 4, b"abc\0"),
        (b"ab", 8, b"ab\n\0"),
        (b"abc\n", 4, b"abc\0"),
        (b"a\n", 1, b"\0"),
        (b"a\n", 0, b""),
    ],
)
def test_a_string_is_read_as_by_fgets(line: bytes, size: int, kept: bytes) -> None:
    live = run(f".data\nt: .space 8\n.text\nla a0, t\nli a1, {size}\ncall(8)\n", stdin=line)
    assert b"".join(event.data for event in live.of("kernel_write", address=live.symbol("t"))[1:]) == kept


@pytest.mark.parametrize(
    ("text", "stdin", "said"),
    [
        ("call(5)", b"12x\n", "invalid integer input (syscall 5)"),
        ("call(5)", b"3000000000\n", "invalid integer input (syscall 5)"),
        ("call(5)", b"", "invalid integer input (syscall 5)"),
        ("call(6)", b"one\n", "invalid float input (syscall 6)"),
        ("call(7)", b"\n", "invalid double input (syscall 7)"),
        ("li a0, -1\ncall(9)", b"", "request (-1) is negative heap amount (syscall 9)"),
        ("li a0, 0x7fffffff\ncall(9)\ncall(9)", b"", ""),
        ("li a1, 0\ncall(42)", b"", "Upper bound of range cannot be negative (syscall 42)"),
        ("li a0, 8\ncall(4)", b"", "address out of range"),
        ("call(55)", b"", "MessageDialog (syscall 55) needs a screen or a loudspeaker; there is none"),
        ("call(77)", b"", "invalid or unimplemented syscall service: 77"),
    ],
)
def test_what_ends_a_program(text: str, stdin: bytes, said: str) -> None:
    live = run(text, stdin)
    if not said:
        assert live.status == 0
        return
    assert live.ended == ("exited", 1)
    line = (MACROS + text).count("\n") + 1
    place = f"Error in test.asm line {line}: Runtime exception at 0x004000"
    message = bytes(live.console.output[2]).decode()
    assert message.startswith(place)
    assert message.endswith(f": {said}\n")


def test_memory_comes_from_the_heap() -> None:
    live = run("""
        li      a0, 10
        call(9)
        mv      s0, a0
        sb      s0, 9(s0)
        li      a0, 5000
        call(9)
        li      t0, 4992
        add     t0, t0, a0
        sd      s0, (t0)
        sub     a0, a0, s0
        call(93)
""")
    assert live.status == 16


def test_characters() -> None:
    live = run(
        """
        li      s0, 4
next:   call(12)
        call(1)
        newline
        addi    s0, s0, -1
        bnez    s0, next
        print(11, 0xffffffff)
""",
        "a\n\u2605".encode(),
    )
    assert live.out.decode() == "97\n10\n9733\n-1\n\u00ff"


def test_time_and_sleep() -> None:
    live = run("""
        li      a0, 3
        call(32)
        mv      s0, a0
        li      a1, 9
        call(30)
        slli    a0, a0, 4
        add     a0, a0, a1
        add     a0, a0, s0
        call(93)
""")
    assert live.status == 0x33


def test_a_seeded_stream_gives_what_java_gives() -> None:
    live = run("""
        li      a0, 5
        li      a1, 42
        call(40)
        call(41)
        call(1)
        newline
        li      a0, 5
        call(40)
        li      a0, 5
        call(44)
        call(3)
""")
    assert live.out == b"-1170105035\n0.7275636800328681"


def test_other_streams_come_from_the_seed_of_the_run() -> None:
    text = """
        li      a0, 1
        li      a1, 1000000
        call(42)
        call(1)
        li      a0, 2
        call(41)
        call(1)
        call(43)
        call(2)
"""
    first, again, other = run(text, seed=1), run(text, seed=1), run(text, seed=2)
    assert first.out == again.out != other.out
    assert [event.chosen for event in first.of("choice", oracle="random")] == [4, 4, 4]


def test_files_are_those_of_linux_with_less_to_say() -> None:
    live = run("""
        .data
none:   .asciz "/none"
null:   .asciz "/dev/null"
text:   .ascii "abc"
        .text
        la      a0, none
        li      a1, 0
        call(1024)
        call(1)
        la      a0, null
        li      a1, 9
        call(1024)
        mv      s0, a0
        la      a1, text
        li      a2, 3
        call(64)
        call(1)
        mv      a0, s0
        call(57)
        li      a0, 1
        la      a1, text
        li      a2, 2
        call(64)
        mv      a0, s0
        call(64)
        call(1)
""")
    assert live.out == b"-13ab-1"
