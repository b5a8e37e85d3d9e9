"""Random programs: over the whole instruction table, and over the kernel's calls.

Drawn from a `random.Random`, which Hypothesis can hand out too (``st.randoms(use_true_random=False)``).
"""

from random import Random

from sim.isa import BY_MNEMONIC, INSTRUCTIONS, Instruction
from sim.isa.compressed import COMPRESSED, Compressed
from sim.isa.decoder import CSRS, length_of

#: x5..x9: addresses in the scratch region; x26, x27: in the code.
ADDRESSES, CODE = (5, 6, 7, 8, 9), (26, 27)
#: Offsets into the scratch region that those registers start from: lines shared and apart, the last bytes
#: of a page (accesses cross), a page never touched before.
OFFSETS = (0, 64, 4096 - 8, 4096 - 4, 8192)
CORNERS = (0, 1, -1, 2, 31, 63, 64, 1 << 31, (1 << 31) - 1, -(1 << 31), 1 << 63, (1 << 63) - 1, 1 << 32)

CHEAP = ("context_switch=3", "syscall=2", "tlb_miss=1", "page_fault=2", "thread_create=1", "divide=3")

PRELUDE = """
_start: {spawns}
body0:  sys     SYS_GETTID
        slli    a0, a0, 8
        la      x31, tables
        add     x31, x31, a0
        .word   {floats}
        .irp    n, {registers}
        ld      x\\n, 8*\\n(x31)
        .endr
        j       body
        .align  6
body:   {words}
        .align  2
        sys     SYS_EXIT, 0
        .data
        .align  3
tables: .zero   256
{tables}
        .bss
        .align  12
scratch: .zero  4096*4
"""


def _value(random: Random) -> int:
    return random.choice((random.choice(CORNERS), random.getrandbits(64), random.randint(-70, 70)))


def _encoded(row: Instruction, random: Random) -> int:
    """A word of this instruction whose operands mostly make sense."""
    operands = {}
    for name, field in row.fields.items():
        low, high = field.bounds
        if name == "rs1" and row.access:
            operands[name] = random.choice((*ADDRESSES[: 2 if row.atomic else 5], 2))
        elif name == "rs1" and row.mnemonic == "jalr":
            operands[name] = random.choice(CODE)
        elif name == "rd":
            # Addresses are seldom lost, the stack pointer moves often enough, and links are made.
            operands[name] = random.choice((0, 1, 2, 5, *range(10, 26), 28, 29, 30))
        elif name == "csr":
            operands[name] = random.choice([*CSRS, 1, 2, 3, 0x300])
        elif name == "zimm" or (name == "rs1" and "csr" in row.fields):
            operands[name] = random.choice((0, 0, 0, 1))
        elif name == "offset":
            operands[name] = random.randint(-24, 24) * 2
        elif name == "rm":
            operands[name] = random.choice((0, 1, 2, 3, 4, 7, 7))
        elif name == "imm" and row.mnemonic == "jalr":
            operands[name] = random.randint(0, 12) * 4
        elif name == "imm" and row.access:
            operands[name] = random.choice((0, 8, 16, -8, 56, 60, 61, 1, 3, -1))
        elif name in ("imm", "shamt"):
            operands[name] = random.randint(low >> field.low, high >> field.low) << field.low
        else:
            operands[name] = random.randint(low, high)
    return row.encode(operands)


def _short(row: Compressed, random: Random) -> int:
    """A word of this compressed form whose operands mostly make sense."""
    operands = {}
    for name, field in row.fields.items():
        low, high = field.bounds
        if name == "rs1'" and row.base.access:
            operands[name] = 8
        elif name in ("rd'", "rd"):
            operands[name] = random.choice((1, 2, *range(10, 16)) if name == "rd" else range(10, 16))
        elif name == "offset":
            operands[name] = random.randint(-24, 24) * 2
        elif name == "rs1":
            operands[name] = random.choice(CODE)
        elif name in ("imm", "uimm") and row.base.mnemonic == "addi":
            operands[name] = random.randint(max(-4, low >> field.low), 4) << field.low
        else:
            operands[name] = random.randint(low >> field.low, high >> field.low) << field.low
    return row.encode(operands)


#: f0 to f15 from the table, and f16 to f31 as singles.
_FLOATS = [
    BY_MNEMONIC["fld" if n < 16 else "flw"][0].encode({"fd": n, "rs1": 31, "imm": 8 * n}) for n in range(32)
]

#: Ends the program, so it comes seldom.
_FATAL = {"ebreak"}
_SHORT = [row for row in COMPRESSED if row.mnemonic != "c.ebreak"]
_ROWS = [row for row in INSTRUCTIONS for _ in range(3) if row.mnemonic not in _FATAL]
_ROWS += [row for row in INSTRUCTIONS if row.atomic or row.mnemonic in {"probe", "jal", "jalr", *_FATAL}]


def _words(random: Random) -> list[int]:
    """A word or, for reservations to be kept and lost, a few."""
    chance = random.randrange(100)
    if chance == 0:
        return [random.getrandbits(32)]
    middle = [
        _short(random.choice(_SHORT), random)
        if random.randrange(4) == 0
        else _encoded(random.choice(_ROWS), random)
        for _ in range(random.choice((1, 1, 1, 0, 2)))
    ]
    if chance < 90:
        return middle
    address, size = random.choice(ADDRESSES[:2]), random.choice("wd")
    load, store = (BY_MNEMONIC[f"{name}.{size}"][0] for name in ("lr", "sc"))
    return [
        load.encode({"rd": 10, "rs1": address}),
        *middle,
        store.encode({"rd": random.choice((0, 11)), "rs1": address, "rs2": 12}),
    ]


def _half(word: int) -> str:
    """An instruction in units of two bytes, so that it may begin at any of them."""
    low, high = word & 0xFFFF, word >> 16
    return f".half {low:#x}" if length_of(word) == 2 else f".half {low:#x}, {high:#x}"


def instructions(random: Random) -> tuple[str, int]:
    """(assembly text, harts): threads that share a body of random instructions and a few lines of memory."""
    threads = random.randint(1, 4)
    tables = []
    for tid in range(1, threads + 1):
        named = {reg: f"scratch + {offset}" for reg, offset in zip(ADDRESSES, OFFSETS, strict=True)}
        named |= {reg: f"body + {4 * i}" for i, reg in enumerate(CODE)} | {
            2: f"scratch + {12288 + 256 * tid}"
        }
        tables.append(", ".join(named.get(n, str(_value(random))) for n in range(32)))
    text = PRELUDE.format(
        spawns="\n".join("spawn tables, body0" for _ in range(threads - 1)),
        floats=", ".join(str(word) for word in _FLOATS),
        registers=", ".join(str(n) for n in range(1, 31)),
        words="\n".join(_half(word) for _ in range(random.randint(4, 50)) for word in _words(random)),
        tables="\n".join(f".dword {table}" for table in tables),
    )
    return text, random.randint(1, threads)


#: The arena: eight pages at a fixed place that calls map, unmap, protect, read from and write to.
ARENA = 0x4000_0000
KERNEL_PRELUDE = """
        .equ    ARENA, {arena}
_start: li      a0, ARENA
        sys     SYS_MMAP, , 4096*8, 3, 0x32, -1, 0
        sys     SYS_BRK, 0
        la      t0, heap
        sd      a0, 0(t0)
{threads}
        .data
        .align  3
heap:   .dword  0
words:  .dword  0, 0, 0, 0
soon:   .dword  0, 0
short:  .dword  0, 300
long:   .dword  0, 2000
masks:  .dword  1, 2, 6, -1
priorities: .word 1, 5, 9, 0
text:   .ascii  "some text to write"
        .bss
        .align  4
stacks: .zero   512*6
"""


def calls(random: Random) -> tuple[str, int]:
    """(assembly text, harts): threads that make random system calls on shared words, heap and arena. Memory
    is mostly touched by the kernel on their behalf, which fails without ending the program."""
    threads = random.randint(1, 5)
    text = []
    for tid in range(1, threads):
        flags = 0x10F00 | random.choice((0, 0x200000))
        text.append(
            f"li a0, {flags}\n la a1, stacks + {512 * tid}\n la a4, words + {8 * random.randrange(4)}\n"
            f"sys SYS_CLONE, , , 0, 0\n beqz a0, thread{tid}"
        )
    for tid in range(threads):
        body = "\n".join(_call(random) for _ in range(random.randint(3, 14)))
        end = "SYS_EXIT_GROUP, 3" if random.randrange(8) == 0 else "SYS_EXIT, 0"
        text.append(f"thread{tid}:\n{body}\n sys {end}")
    return KERNEL_PRELUDE.format(arena=ARENA, threads="\n".join(text)), random.randint(1, 4)


def _call(random: Random) -> str:
    word = f"la s0, words + {8 * random.randrange(4)}"
    page, pages = random.randrange(8), random.randint(1, 4)
    place = f"li a0, ARENA + {4096 * page}"
    anywhere = f"li a1, ARENA + {4096 * page + random.choice((0, 8, 4092, 64))}"
    size = random.choice((1, 8, 100, 5000))
    when = random.choice(("soon", "short", "long"))
    timeout = random.choice(("li a3, 0", f"la a3, {when}", f"la a3, {when}"))
    count = random.randint(0, 3)
    choices = (
        f"{word}\n lw a2, 0(s0)\n mv a0, s0\n {timeout}\n sys SYS_FUTEX, , 0",
        f"{word}\n lw a2, 0(s0)\n addi a2, a2, 1\n mv a0, s0\n {timeout}\n sys SYS_FUTEX, , 0",
        f"{word}\n li t1, 1\n amoadd.w zero, t1, (s0)\n mv a0, s0\n sys SYS_FUTEX, , 1, {count}",
        f"{word}\n mv a0, s0\n sys SYS_FUTEX, , 1, 100",
        f"la a0, {when}\n sys SYS_NANOSLEEP",
        "sys SYS_SCHED_YIELD",
        f"{place}\n sys SYS_MMAP, , 4096*{pages}, {random.choice((1, 3, 3, 7))}, 0x32, -1, 0",
        f"sys SYS_MMAP, 0, {size}, 3, 0x22, -1, 0",
        f"{place}\n sys SYS_MUNMAP, , 4096*{pages}",
        f"{place}\n sys SYS_MPROTECT, , 4096*{pages}, {random.choice((0, 1, 3, 3))}",
        f"la t0, heap\n ld a0, 0(t0)\n li t1, {random.choice((0, 16, 4096, 5000, 30000))}\n add a0, a0, t1\n"
        " sys SYS_BRK",
        f"{anywhere}\n sys SYS_READ, 0, , {size}",
        f"{anywhere}\n sys SYS_WRITE, 1, , {size}",
        f"{anywhere}\n sys SYS_CLOCK_GETTIME, 1",
        f"{anywhere}\n mv a0, a1\n sys SYS_GETRANDOM, , {size}",
        f"{word}\n lr.w t0, (s0)\n addi t0, t0, 1\n sc.w t1, t0, (s0)",
        "li t0, 40\n 1: addi t0, t0, -1\n bnez t0, 1b",
        f"{word}\n sd t0, 0(s0)\n la a1, text\n sys SYS_WRITE, 1, , 9",
        "la t0, heap\n ld t0, 0(t0)\n sd t0, 24(t0)\n ld t1, 16(t0)",
        f"la a2, masks + {8 * random.randrange(4)}\n sys 122, {random.randrange(4)}, 8",
        f"sys 140, {random.choice((0, 0, 2))}, {random.randrange(4)}, {random.randint(-20, 19)}",
        f"la a2, priorities + {4 * random.randrange(4)}\n"
        f" sys 119, {random.randrange(4)}, {random.choice((1, 2))}",
    )
    return random.choice(choices)
