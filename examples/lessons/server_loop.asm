# server_loop.asm - a server that runs every request as a coroutine, on one thread or a few.
#
# Shows:  an event loop (loop.s): a request that waits for I/O costs a frame on the heap, and going on
#         with another one costs no context switch. One loop uses one hart; LOOPS of them, as many.
# Try:    simrec run examples/lessons/server_loop.asm --requests count=200,io=fixed:5000
#         simrec requests                 throughput, latency and where it went
#         simrec events --kind coroutine  what each request's frame went through

        .ifndef LOOPS
        .equ    LOOPS, 2                # threads, each with a loop of its own
        .endif

        .equ    RECORD_NUMBER, 0        # a request (request.s)
        .equ    RECORD_CPU, 8
        .equ    RECORD_IO, 16

        .data
        .align  3
handles:
        .zero   8 * LOOPS
failure:                                # why requests can't be had; 0, or the same from whoever writes it
        .dword  0
tasks_served:
        .asciz  " tasks served all requests\n"

        .text

# task - serves one request after another. When the last idle task of a loop takes one, it makes another,
# so that there are as many as there ever were requests in service at a time.
#
# In:       a0 = count of the loop's idle tasks, a1 = loop.
task:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        sd      s2, 0(sp)
        mv      s0, a0
        mv      s1, a1
next_request:
        ld      t0, 0(s0)
        addi    t0, t0, 1
        sd      t0, 0(s0)
        call    loop_next_request
        ld      t0, 0(s0)
        addi    t0, t0, -1
        sd      t0, 0(s0)
        blez    a0, no_more
        mv      s2, a0
        bnez    t0, serve
        mv      a0, s1
        la      a1, task
        mv      a2, s0
        call    loop_spawn
serve:
        ld      a0, RECORD_CPU(s2)
        call    work
        ld      a0, RECORD_IO(s2)
        beqz    a0, served
        call    loop_io                 # the loop goes on with other tasks
served:
        mv      a0, s1
        ld      a1, RECORD_NUMBER(s2)
        call    loop_request_done
        j       next_request
no_more:
        sd      a0, failure, t0
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        ld      s2, 0(sp)
        addi    sp, sp, 32
        ret

# run - a thread's loop.
#
# Result:   a0 = tasks that it has had.
run:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        sd      zero, 0(sp)             # idle tasks; an address on the thread's stack, not on a task's
        li      s1, 0
        call    loop_create
        beqz    a0, no_loop
        mv      s0, a0
        la      a1, task
        mv      a2, sp
        call    loop_spawn
        mv      a0, s0
        call    loop_run
        mv      s1, a0
        mv      a0, s0
        call    loop_destroy
no_loop:
        mv      a0, s1
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
        sd      s2, 0(sp)

        la      s0, handles
        li      s1, LOOPS
start_loop:
        addi    s1, s1, -1
        beqz    s1, own_loop            # the last one is the main thread's
        la      a0, run
        li      a1, 0
        call    thread_create
        sd      a0, 0(s0)
        addi    s0, s0, 8
        j       start_loop
own_loop:
        call    run
        mv      s2, a0

        la      s0, handles
        li      s1, LOOPS
join_loop:
        addi    s1, s1, -1
        beqz    s1, all_joined
        ld      a0, 0(s0)
        call    thread_join
        add     s2, s2, a0
        addi    s0, s0, 8
        j       join_loop
all_joined:
        mv      a0, s2
        call    print_int
        la      a0, tasks_served
        call    print_str
        ld      a0, failure
        neg     a0, a0                  # the exit status is the errno
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        ld      s2, 0(sp)
        addi    sp, sp, 32
        ret
