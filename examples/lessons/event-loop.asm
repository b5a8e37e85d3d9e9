# event-loop.asm - tasks that compute, wait for I/O and compute again: on one thread one after the other, on a
#                  thread each, on one thread with an event loop.
#
# Shows:  an event loop overlaps the waits of many tasks as many threads do, with the code written in the same
#         straight line, for a fraction of the context switches and of the memory.
# Try:    simrec lessons run event-loop
#         simrec run --harts 1 --define TASKS=1000 --io-depth 1000 examples/lessons/event-loop.asm loop

        .ifndef TASKS
        .equ    TASKS, 16
        .endif
        .ifndef ROUNDS
        .equ    ROUNDS, 4               # of each task: compute, wait
        .endif
        .ifndef CPU
        .equ    CPU, 100                # ticks of computing before each wait, and after the last
        .endif
        .ifndef IO
        .equ    IO, 10000               # ticks that each operation takes
        .endif

        .data
ways:   .dword  name_one, one_by_one
        .dword  name_threads, threads
        .dword  name_loop, loop
ways_end:
name_one:       .asciz "one"
name_threads:   .asciz "threads"
name_loop:      .asciz "loop"
usage:  .asciz  "give one of one, threads, loop\n"

        .bss
        .align  3
handles:
        .zero   8 * TASKS

        .text

# task - the job, in a straight line.  a0 = the function that waits for I/O: a0 = ticks.
        .type   task, @function
task:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        mv      s0, a0
        li      s1, ROUNDS
1:      li      a0, CPU
        call    work
        li      a0, IO
        jalr    s0
        addi    s1, s1, -1
        bnez    s1, 1b
        li      a0, CPU
        call    work
        probe   done, zero
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret

# one_by_one - this thread does the tasks one after the other, and waits for each operation.
        .type   one_by_one, @function
one_by_one:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        li      s0, TASKS
1:      la      a0, io_wait
        call    task
        addi    s0, s0, -1
        bnez    s0, 1b
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret

# threads - a thread for each task; each waits for its own operations.
        .type   threads, @function
threads:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        la      s0, handles
        li      s1, TASKS
1:      la      a0, task
        la      a1, io_wait
        call    thread_create
        sd      a0, 0(s0)
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, 1b
        la      s0, handles
        li      s1, TASKS
2:      ld      a0, 0(s0)
        call    thread_join
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, 2b
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret

# loop - a coroutine for each task, and an event loop that resumes them as their operations complete.
        .type   loop, @function
loop:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        call    loop_create
        mv      s0, a0
        li      s1, TASKS
1:      mv      a0, s0
        la      a1, task
        la      a2, loop_io
        call    loop_spawn
        addi    s1, s1, -1
        bnez    s1, 1b
        mv      a0, s0
        call    loop_run
        mv      a0, s0
        call    loop_destroy
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret

        .globl  main
main:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        li      t0, 2
        bne     a0, t0, 3f
        ld      s1, 8(a1)
        la      s0, ways
1:      ld      a0, 0(s0)
        mv      a1, s1
        call    strcmp
        beqz    a0, 2f
        addi    s0, s0, 16
        la      t0, ways_end
        bltu    s0, t0, 1b
        j       3f
2:      ld      t0, 8(s0)
        probe   begin, zero
        jalr    t0
        probe   end, zero
        li      a0, 0
        j       4f
3:      la      a0, usage
        call    print_str
        li      a0, 2
4:      ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret
