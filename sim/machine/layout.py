"""Numbers that the loop and its callers share: fields of its state, of a decoded instruction, and causes."""

# The loop's state: int64 [STATE_FIELDS].
TICK = 0
SEQ = 1
#: Why, where and about which address the loop left.
CAUSE = 2
TRAP_HART = 3
TRAP_ADDRESS = 4
#: Leave before this tick begins; before an instruction once ``seq`` has reached STOP_SEQ.
STOP_TICK = 5
STOP_SEQ = 6
#: Which hart comes next within the present tick (0: the tick begins).
NEXT_HART = 7
RECORDING = 8
STATE_FIELDS = 9

# Why the loop left. The first group leaves *before* the instruction, which runs again on return; for the
# second the instruction has retired.
CAUSE_TICK = 0
CAUSE_EVENTS = 1
CAUSE_FETCH = 2
CAUSE_LOAD = 3
CAUSE_STORE = 4
CAUSE_MISALIGNED = 5
CAUSE_ILLEGAL = 6
#: Code that hasn't been decoded yet.
CAUSE_UNDECODED = 7
#: A watched instruction is next, and the kernel hasn't been told.
CAUSE_WATCH = 8

CAUSE_ECALL = 9
CAUSE_EBREAK = 10
CAUSE_FENCE_I = 11
CAUSE_PROBE = 12

#: What an instruction declares as ``trap=`` -> its cause.
TRAP_CAUSES = {"ecall": CAUSE_ECALL, "ebreak": CAUSE_EBREAK, "fence_i": CAUSE_FENCE_I}

# A decoded instruction: int32 [FIELDS], one cache line.
OP = 0
RD = 1
RS1 = 2
RS2 = 3
IMM = 4
FLAGS = 5
SIZE = 6
LENGTH = 7
COST = 8
#: The register slot whose content an instruction event records as its value.
VALUE = 9
TRAP_CAUSE = 10
#: For atomics, the index of the event's action (lr, sc, amo).
ACTION = 11
RS3 = 12
#: Rounding mode.
RM = 13
FIELDS = 16

LOAD = 1
STORE = 2
ATOMIC = 4
MOVES_SP = 8
CALL = 16
RETURN = 32
PROBE = 64
TRAP = 128
#: Not an instruction, or not decoded: leave with TRAP_CAUSE, retire nothing.
ILLEGAL = 256
#: Rounds as frm says, and is illegal when that is reserved.
ROUNDS = 512
#: May change fcsr.
SETS_FCSR = 1024
#: The kernel wants to know before a thread executes this.
WATCHED = 2048
#: Anything to look at before the instruction executes.
CHECKED = ILLEGAL | ROUNDS | WATCHED
#: Anything to do besides the instruction's own row.
RARE = ATOMIC | MOVES_SP | CALL | RETURN | PROBE | TRAP | SETS_FCSR | WATCHED

#: What ``csr`` events call fcsr.
FCSR_NUMBER = 3
#: The greatest rounding mode that isn't reserved.
LAST_ROUNDING = 4

SC = 1

#: Actions of stack rows: indices into the names of `sim.events.Stack.action`.
PUSHED = 0
POPPED = 1
CALLED = 2
RETURNED = 3

#: Direct-mapped TLB entries per hart (a power of two): fetch, load and store have one array of tags each.
TLB_ENTRIES = 256
#: A reservation is of a line of 64 bytes.
LINE_SHIFT = 6
#: A tag that no page has.
EMPTY = -(1 << 62)
#: ``ready_at`` of an idle hart.
NEVER = 1 << 62
#: Decoded halfwords in a page of code.
PAGE_HALFWORDS = 2048

# Rows of the segment's buffers, int64 each (`sim.machine.buffers`): those of an instruction have no hart.
INSTRUCTION_WIDTH = 6
ATOMIC_WIDTH = 11
STACK_WIDTH = 11
PROBE_WIDTH = 7
CSR_WIDTH = 7
