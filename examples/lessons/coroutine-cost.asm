# coroutine-cost.asm - many tasks that take turns: as coroutines of one thread, or as threads.
#
# Shows:  what making a task, switching to it and keeping it costs. Coroutines switch by ordinary instructions
#         and keep their registers and live stack on the heap; threads switch in the kernel, and each has a stack.
# Try:    simrec lessons run coroutine-cost
#         simrec run --harts 1 --ram 512 --define COUNT=100000 examples/lessons/coroutine-cost.asm coroutine
#
# Argument: coroutine or thread.

        .ifndef COUNT
        .equ    COUNT, 200              # tasks
        .endif
        .ifndef TURNS
        .equ    TURNS, 10               # that each task takes
        .endif

        .data
        .align  3
turns_taken:                            # of all tasks
        .dword  0
taken:
        .asciz  " turns taken\n"
usage:
        .asciz  "give coroutine or thread\n"

        .bss
        .align  3
tasks:                                  # frames or handles
        .zero   8 * COUNT

        .text

# step - one turn: counts it. Keeps all registers but t0 to t2.
        .type   step, @function
step:
        la      t0, turns_taken
        ld      t1, 0(t0)
        addi    t1, t1, 1
        sd      t1, 0(t0)
        li      t2, COUNT * TURNS
        bne     t1, t2, 1f
        probe   all_taken, t1
1:      ret

# as_coroutine - a task that gives way by coroutine_yield.
        .type   as_coroutine, @function
as_coroutine:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        li      s0, TURNS
1:      call    step
        call    coroutine_yield
        addi    s0, s0, -1
        bnez    s0, 1b
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret

# as_thread - the same task, giving way by a system call.
        .type   as_thread, @function
as_thread:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        li      s0, TURNS
1:      call    step
        call    thread_yield
        addi    s0, s0, -1
        bnez    s0, 1b
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret

# all_coroutines - makes them, and resumes each in turn until all have taken their turns.
        .type   all_coroutines, @function
all_coroutines:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        sd      s2, 0(sp)
        la      s0, tasks
        li      s1, COUNT
1:      la      a0, as_coroutine
        li      a1, 0
        call    coroutine_create
        beqz    a0, 4f
        sd      a0, 0(s0)
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, 1b
        li      t0, COUNT
        probe   made, t0
        li      s2, TURNS + 1           # the last resume lets it return
2:      la      s0, tasks
        li      s1, COUNT
3:      ld      a0, 0(s0)
        li      a1, 0
        call    coroutine_resume
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, 3b
        addi    s2, s2, -1
        bnez    s2, 2b
4:      ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        ld      s2, 0(sp)
        addi    sp, sp, 32
        ret

# all_threads - makes them, and waits for each.
        .type   all_threads, @function
all_threads:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        la      s0, tasks
        li      s1, COUNT
1:      la      a0, as_thread
        li      a1, 0
        call    thread_create
        bltz    a0, 3f
        sd      a0, 0(s0)
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, 1b
        li      t0, COUNT
        probe   made, t0
        la      s0, tasks
        li      s1, COUNT
2:      ld      a0, 0(s0)
        call    thread_join
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, 2b
3:      ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret

        .globl  main
main:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        li      t0, 2
        bne     a0, t0, unknown
        ld      t0, 8(a1)
        lbu     t0, 0(t0)               # c or t
        la      t1, all_coroutines
        li      t2, 'c'
        beq     t0, t2, 1f
        la      t1, all_threads
        li      t2, 't'
        bne     t0, t2, unknown
1:      probe   begin, zero
        jalr    t1
        la      t0, turns_taken
        ld      a0, 0(t0)
        call    print_int
        la      a0, taken
        call    print_str
        li      a0, 0
        j       2f
unknown:
        la      a0, usage
        call    print_str
        li      a0, 2
2:      ld      ra, 8(sp)
        addi    sp, sp, 16
        ret
