# coroutine.s - coroutines at user level: create, resume, yield, destroy, self. No system call.
#
# A coroutine has no stack of its own. It runs on the stack of whoever resumes it, below
# coroutine_resume's frame; when it yields, its callee-saved registers and its slice of the stack
# (from sp at the yield up to sp at the resume) are copied to the heap, and the next resume copies
# the slice back below its own frame. So any thread may resume it, at any stack address, and a
# suspended one costs only what it has live.
#
# The price: an address of something on the coroutine's stack does not survive a yield (put it on
# the heap), nor does a frame pointer in s0 (-fomit-frame-pointer), nor a copy of tp.
#
# The frame, as malloc gave it; addresses and counts are 64 bits:
#
#         0  pc          where the next resume goes on: entry, then the return address of the yield
#         8  bytes       in use: 176 + slice bytes
#        16  state       0 new, 1 suspended, 2 running, 3 finished
#        24  slice bytes a multiple of 8; 0 when new or finished
#        32  resumer     the coroutine that resumed it last, or 0
#        40  value       the last one passed, in either direction
#        48  s0..s11     saved
#       144  slice       pointer to the saved slice, on the heap, or 0
#       152  capacity    of the slice in bytes
#       160  entry
#       168  argument
#       176  owner       32 bits: 1 while somebody runs, resumes or destroys it
#       184  base        sp at the resume: the upper end of the slice while it runs
#
# Protects: `owner` is changed by atomics only; every other word of the frame is read and written
# only by the thread that set it to 1: the one that the coroutine runs on, from coroutine_resume
# until the yield or the return has stored everything. A running coroutine is never resumed or
# destroyed: whoever tries is told EBUSY. The thread's current coroutine is in its TCB (thread.s).
#
# Marks for the log: `slti zero, frame, N`, a hint that does nothing, says what has just happened:
# -1 created, -2 saved, -3 resumed, -4 finished, -5 about to be destroyed. A mark comes before the
# release of `owner`, so marks of one coroutine are in order whatever threads it visits.

        .equ    CO_PC, 0
        .equ    CO_BYTES, 8
        .equ    CO_STATE, 16
        .equ    CO_SLICE_BYTES, 24
        .equ    CO_RESUMER, 32
        .equ    CO_VALUE, 40
        .equ    CO_S0, 48
        .equ    CO_S1, 56
        .equ    CO_S2, 64
        .equ    CO_S3, 72
        .equ    CO_S4, 80
        .equ    CO_S5, 88
        .equ    CO_S6, 96
        .equ    CO_S7, 104
        .equ    CO_S8, 112
        .equ    CO_S9, 120
        .equ    CO_S10, 128
        .equ    CO_S11, 136
        .equ    CO_SLICE, 144
        .equ    CO_CAPACITY, 152
        .equ    CO_ENTRY, 160
        .equ    CO_ARGUMENT, 168
        .equ    CO_HEADER, 176
        .equ    CO_OWNER, 176
        .equ    CO_BASE, 184
        .equ    CO_SIZE, 192

        .equ    STATE_NEW, 0
        .equ    STATE_SUSPENDED, 1
        .equ    STATE_RUNNING, 2
        .equ    STATE_FINISHED, 3

        .equ    MARK_CREATED, -1
        .equ    MARK_SAVED, -2
        .equ    MARK_RESUMED, -3
        .equ    MARK_FINISHED, -4
        .equ    MARK_DESTROYED, -5

        .equ    TCB_COROUTINE, -32

        .equ    ERROR_NOT_PERMITTED, -1
        .equ    ERROR_NO_MEMORY, -12
        .equ    ERROR_BUSY, -16

        .text
        .align  2

# coroutine_create - makes a coroutine that will run entry(argument, first value).
#
# In:       a0 = entry, a1 = argument.
# Result:   a0 = frame, to be destroyed by coroutine_destroy; or 0 if there is no memory.
# Clobbers: a1-a3, a7, t0-t6.
        .globl  coroutine_create
coroutine_create:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      a0, 16(sp)
        sd      a1, 8(sp)
        li      a0, CO_SIZE
        call    malloc
        beqz    a0, 2f
        addi    t0, a0, CO_SIZE
        mv      t1, a0
1:      sd      zero, 0(t1)             # nothing of the heap's past shows in a new frame
        sd      zero, 8(t1)
        sd      zero, 16(t1)
        sd      zero, 24(t1)
        addi    t1, t1, 32
        bne     t1, t0, 1b
        ld      t0, 16(sp)
        ld      t1, 8(sp)
        li      t2, CO_HEADER
        sd      t0, CO_PC(a0)
        sd      t2, CO_BYTES(a0)
        sd      t0, CO_ENTRY(a0)
        sd      t1, CO_ARGUMENT(a0)
        slti    zero, a0, MARK_CREATED
2:      ld      ra, 24(sp)
        addi    sp, sp, 32
        ret

# coroutine_resume - runs a coroutine until it yields or returns.
#
# In:       a0 = frame, a1 = value: what its coroutine_yield returns; for a new one, the second
#           argument of its entry.
# Result:   a0 = value yielded or returned, a1 = 1 suspended or 0 finished.
#           A finished one: a0 = 0, a1 = 0 at once.
#           One that runs already, here or in another thread: a0 = -16 (EBUSY), a1 = -1.
# Clobbers: a2-a7, t0-t6, as any function may: the coroutine does.
# Protects: owns the frame (owner = 1) from the amoswap here to that of coroutine_switch_back.
        .globl  coroutine_resume
coroutine_resume:
        addi    t0, a0, CO_OWNER
        li      t1, 1
        amoswap.w.aq t1, t1, (t0)
        bnez    t1, .Lresume_busy
        ld      t1, CO_STATE(a0)
        li      t2, STATE_FINISHED
        beq     t1, t2, .Lresume_finished

        addi    sp, sp, -112
        sd      ra, 0(sp)
        sd      s0, 8(sp)
        sd      s1, 16(sp)
        sd      s2, 24(sp)
        sd      s3, 32(sp)
        sd      s4, 40(sp)
        sd      s5, 48(sp)
        sd      s6, 56(sp)
        sd      s7, 64(sp)
        sd      s8, 72(sp)
        sd      s9, 80(sp)
        sd      s10, 88(sp)
        sd      s11, 96(sp)

        ld      t2, TCB_COROUTINE(tp)
        sd      t2, CO_RESUMER(a0)
        sd      a0, TCB_COROUTINE(tp)
        sd      a1, CO_VALUE(a0)
        sd      sp, CO_BASE(a0)
        li      t2, STATE_RUNNING
        sd      t2, CO_STATE(a0)
        mv      t0, a0
        beqz    t1, .Lresume_new        # t1: the state it was in

        ld      t1, CO_SLICE(t0)
        ld      t2, CO_SLICE_BYTES(t0)
        sub     sp, sp, t2              # moved first: nothing lives below sp, not even shortly
        mv      t3, sp
        add     t4, t1, t2
        andi    t5, t2, 8
        bnez    t5, .Lresume_odd
.Lresume_even:
        beq     t1, t4, 2f
1:      ld      t5, 0(t1)
        ld      t6, 8(t1)
        sd      t5, 0(t3)
        sd      t6, 8(t3)
        addi    t1, t1, 16
        addi    t3, t3, 16
        bne     t1, t4, 1b
2:      ld      s0, CO_S0(t0)
        ld      s1, CO_S1(t0)
        ld      s2, CO_S2(t0)
        ld      s3, CO_S3(t0)
        ld      s4, CO_S4(t0)
        ld      s5, CO_S5(t0)
        ld      s6, CO_S6(t0)
        ld      s7, CO_S7(t0)
        ld      s8, CO_S8(t0)
        ld      s9, CO_S9(t0)
        ld      s10, CO_S10(t0)
        ld      s11, CO_S11(t0)
        ld      t1, CO_PC(t0)
        mv      a0, a1
        li      a1, 0
        slti    zero, t0, MARK_RESUMED
        jr      t1

.Lresume_new:
        ld      t1, CO_PC(t0)
        ld      a0, CO_ARGUMENT(t0)
        slti    zero, t0, MARK_RESUMED
        jalr    t1

# The entry function returned, to the resume that ran last: this one, or a later one on another
# stack or thread. Either way sp and tp are that one's now.
        ld      t0, TCB_COROUTINE(tp)
        li      t1, STATE_FINISHED
        li      t2, CO_HEADER
        sd      zero, CO_SLICE_BYTES(t0)
        sd      t2, CO_BYTES(t0)
        sd      a0, CO_VALUE(t0)
        sd      t1, CO_STATE(t0)
        slti    zero, t0, MARK_FINISHED
        li      a1, 0                   # and on into coroutine_switch_back

# coroutine_switch_back - the second half of coroutine_resume: returns to the resumer.
#
# In:       t0 = frame, all stored; a0, a1 = what coroutine_resume returns.
# Protects: releases the frame; no load or store of it comes after.
coroutine_switch_back:
        ld      t1, CO_RESUMER(t0)
        ld      sp, CO_BASE(t0)
        sd      t1, TCB_COROUTINE(tp)
        addi    t0, t0, CO_OWNER
        amoswap.w.rl zero, zero, (t0)
        ld      ra, 0(sp)
        ld      s0, 8(sp)
        ld      s1, 16(sp)
        ld      s2, 24(sp)
        ld      s3, 32(sp)
        ld      s4, 40(sp)
        ld      s5, 48(sp)
        ld      s6, 56(sp)
        ld      s7, 64(sp)
        ld      s8, 72(sp)
        ld      s9, 80(sp)
        ld      s10, 88(sp)
        ld      s11, 96(sp)
        addi    sp, sp, 112
        ret

.Lresume_finished:
        amoswap.w.rl zero, zero, (t0)
        li      a0, 0
        li      a1, 0
        ret
.Lresume_busy:
        li      a0, ERROR_BUSY
        li      a1, -1
        ret

# coroutine_yield - suspends the running coroutine; its resumer goes on.
#
# In:       a0 = value, for the resumer.
# Result:   a0 = the value given to the resume that woke it, a1 = 0; or at once a0 = 0 and
#           a1 = -1 (EPERM) outside a coroutine, -12 (ENOMEM) if the heap has no room to save it.
# Clobbers: a2-a7, t0-t6, as any function may: the resumer does.
# Protects: the frame is the running thread's until coroutine_switch_back.
        .globl  coroutine_yield
coroutine_yield:
        ld      t0, TCB_COROUTINE(tp)
        beqz    t0, .Lyield_outside
        ld      t1, CO_BASE(t0)
        sub     t1, t1, sp              # bytes of the slice: no frame of yield's own is in it
        ld      t2, CO_CAPACITY(t0)
        bgtu    t1, t2, .Lyield_grow

.Lyield_save:
        sd      ra, CO_PC(t0)
        sd      s0, CO_S0(t0)
        sd      s1, CO_S1(t0)
        sd      s2, CO_S2(t0)
        sd      s3, CO_S3(t0)
        sd      s4, CO_S4(t0)
        sd      s5, CO_S5(t0)
        sd      s6, CO_S6(t0)
        sd      s7, CO_S7(t0)
        sd      s8, CO_S8(t0)
        sd      s9, CO_S9(t0)
        sd      s10, CO_S10(t0)
        sd      s11, CO_S11(t0)
        sd      a0, CO_VALUE(t0)
        sd      t1, CO_SLICE_BYTES(t0)
        addi    t2, t1, CO_HEADER
        sd      t2, CO_BYTES(t0)
        ld      t2, CO_SLICE(t0)
        mv      t3, sp
        add     t4, t2, t1
        andi    t5, t1, 8
        bnez    t5, .Lyield_odd
.Lyield_even:
        beq     t2, t4, 2f
1:      ld      t5, 0(t3)
        ld      t6, 8(t3)
        sd      t5, 0(t2)
        sd      t6, 8(t2)
        addi    t3, t3, 16
        addi    t2, t2, 16
        bne     t2, t4, 1b
2:      li      t1, STATE_SUSPENDED
        sd      t1, CO_STATE(t0)
        slti    zero, t0, MARK_SAVED
        li      a1, 1
        j       coroutine_switch_back

# An odd number of words: the first one alone, the others in pairs.
.Lyield_odd:
        ld      t5, 0(t3)
        sd      t5, 0(t2)
        addi    t3, t3, 8
        addi    t2, t2, 8
        j       .Lyield_even

.Lresume_odd:
        ld      t5, 0(t1)
        sd      t5, 0(t3)
        addi    t1, t1, 8
        addi    t3, t3, 8
        j       .Lresume_even

# The slice outgrew its room. The old one is freed first: its content is in the stack already.
# Room at least doubles, so that yields from ever deeper recursion copy, but seldom allocate.
.Lyield_grow:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      a0, 16(sp)
        sd      t1, 8(sp)
        slli    t2, t2, 1
        bgeu    t2, t1, 3f
        mv      t2, t1
3:      sd      t2, 0(sp)
        ld      a0, CO_SLICE(t0)
        sd      zero, CO_SLICE(t0)
        sd      zero, CO_CAPACITY(t0)
        call    free
        ld      a0, 0(sp)
        call    malloc
        ld      ra, 24(sp)
        ld      t1, 8(sp)
        ld      t2, 0(sp)
        ld      t0, TCB_COROUTINE(tp)
        beqz    a0, .Lyield_no_memory
        sd      a0, CO_SLICE(t0)
        sd      t2, CO_CAPACITY(t0)
        ld      a0, 16(sp)
        addi    sp, sp, 32
        j       .Lyield_save

.Lyield_no_memory:
        addi    sp, sp, 32
        li      a1, ERROR_NO_MEMORY
        ret
.Lyield_outside:
        li      a0, 0
        li      a1, ERROR_NOT_PERMITTED
        ret

# coroutine_destroy - frees a coroutine that is new, suspended or finished, with all it saved.
#
# What a suspended one holds (memory, locks) is not released: it never runs again.
#
# In:       a0 = frame, or 0 (nothing to do). The frame is dead afterwards.
# Result:   a0 = 0; or -16 (EBUSY) if it is running, and nothing is done.
# Clobbers: a1-a3, a7, t0-t6.
# Protects: takes ownership of the frame and never gives it back.
        .globl  coroutine_destroy
coroutine_destroy:
        beqz    a0, 1f
        addi    t0, a0, CO_OWNER
        li      t1, 1
        amoswap.w.aq t1, t1, (t0)
        bnez    t1, 2f
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      a0, 0(sp)
        slti    zero, a0, MARK_DESTROYED
        ld      a0, CO_SLICE(a0)
        call    free
        ld      a0, 0(sp)
        call    free
        ld      ra, 8(sp)
        addi    sp, sp, 16
        li      a0, 0
1:      ret
2:      li      a0, ERROR_BUSY
        ret

# coroutine_self - the frame of the coroutine that is running on this thread.
#
# In:       nothing.
# Result:   a0 = frame, or 0 outside a coroutine.
# Clobbers: nothing.
        .globl  coroutine_self
coroutine_self:
        ld      a0, TCB_COROUTINE(tp)
        ret
