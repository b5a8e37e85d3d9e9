# server_threads.asm - a server that makes a thread for every request.
#
# Shows:  the simplest program for requests that wait: each has a thread, whose stack keeps its place
#         while it works and sleeps. Every request pays for a thread's creation, stack and exit.
# Try:    simrec run examples/lessons/server_threads.asm --requests count=200,io=fixed:5000
#         simrec requests                 throughput, latency and where it went
#         and the same with server_pool.asm and server_loop.asm

        .equ    RECORD_NUMBER, 0        # a request (request.s) ...
        .equ    RECORD_CPU, 8
        .equ    RECORD_IO, 16
        .equ    JOB_HANDLE, 32          # ... and what the server keeps with it
        .equ    JOB_FINISHED, 40
        .equ    JOB_NEXT, 48
        .equ    JOB_SIZE, 56

        .data
        .align  3
requests:                               # file that requests come from; written before threads exist
        .dword  0
requests_done:
        .asciz  " requests done\n"

        .text

# handle - does what a request asks for, in a thread of its own.
#
# In:       a0 = job.
handle:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        mv      s0, a0
        ld      a0, RECORD_CPU(s0)
        call    work
        ld      a0, RECORD_IO(s0)
        beqz    a0, handled
        call    io_wait                 # the thread sleeps, its stack stays
handled:
        ld      a0, requests
        ld      a1, RECORD_NUMBER(s0)
        call    request_done
        li      t0, 1
        sd      t0, JOB_FINISHED(s0)
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret

        .globl  main
main:
        addi    sp, sp, -48
        sd      ra, 40(sp)
        sd      s0, 32(sp)
        sd      s1, 24(sp)
        sd      s2, 16(sp)
        sd      s3, 8(sp)
        sd      zero, 0(sp)             # jobs whose threads aren't joined, the newest
        li      s0, 0                   # requests served
        li      a0, 0
        call    request_open
        bltz    a0, failed
        sd      a0, requests, t0

accept:
        li      a0, JOB_SIZE
        call    malloc
        beqz    a0, out_of_memory
        mv      s1, a0
        sd      zero, JOB_FINISHED(s1)
        ld      a0, requests
        mv      a1, s1
        call    request_next
        bltz    a0, failed
        beqz    a0, no_more

        la      a0, handle
        mv      a1, s1
        call    thread_create
        bltz    a0, failed
        sd      a0, JOB_HANDLE(s1)
        addi    s0, s0, 1
        ld      t0, 0(sp)
        sd      t0, JOB_NEXT(s1)
        sd      s1, 0(sp)

        mv      s2, sp                  # the word that points to job s3
reap:                                   # give back the stacks of those that have finished meanwhile
        ld      s3, 0(s2)
        beqz    s3, accept
        ld      t0, JOB_FINISHED(s3)
        bnez    t0, join
        addi    s2, s3, JOB_NEXT
        j       reap
join:
        ld      t0, JOB_NEXT(s3)
        sd      t0, 0(s2)
        ld      a0, JOB_HANDLE(s3)
        call    thread_join
        mv      a0, s3
        call    free
        j       reap

no_more:
        ld      s1, 0(sp)
join_next:
        beqz    s1, all_joined
        ld      a0, JOB_HANDLE(s1)
        call    thread_join
        ld      s1, JOB_NEXT(s1)
        j       join_next
all_joined:
        mv      a0, s0
        call    print_int
        la      a0, requests_done
        call    print_str
        li      a0, 0
        j       leave
out_of_memory:
        li      a0, -12
failed:
        neg     a0, a0                  # the exit status is the errno
leave:
        ld      ra, 40(sp)
        ld      s0, 32(sp)
        ld      s1, 24(sp)
        ld      s2, 16(sp)
        ld      s3, 8(sp)
        addi    sp, sp, 48
        ret
