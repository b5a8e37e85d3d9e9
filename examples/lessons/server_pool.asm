# server_pool.asm - a server with a fixed pool of threads, which take requests out of a bounded queue.
#
# Shows:  threads are made once (pool.s), and no more than POOL requests are served at a time: while all
#         threads wait for I/O, harts idle and requests stay in the queue, then in the backlog.
# Try:    simrec run examples/lessons/server_pool.asm --requests count=200,io=fixed:5000
#         simrec requests                 throughput, latency and where it went
#         simrec contention               who waits for the queue

        .ifndef POOL
        .equ    POOL, 8                 # threads
        .endif
        .ifndef SLOTS
        .equ    SLOTS, 16               # requests that the pool's queue holds
        .endif

        .equ    RECORD_NUMBER, 0        # a request (request.s)
        .equ    RECORD_CPU, 8
        .equ    RECORD_IO, 16
        .equ    RECORD_SIZE, 32

        .data
        .align  3
requests:                               # file that requests come from; written before any is served
        .dword  0
requests_done:
        .asciz  " requests done\n"

        .text

# handle - does what a request asks for, on a thread of the pool.
#
# In:       a0 = request, from malloc; freed.
handle:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        mv      s0, a0
        ld      a0, RECORD_CPU(s0)
        call    work
        ld      a0, RECORD_IO(s0)
        beqz    a0, handled
        call    io_wait                 # this thread of the pool can do nothing else meanwhile
handled:
        ld      a0, requests
        ld      a1, RECORD_NUMBER(s0)
        call    request_done
        mv      a0, s0
        call    free
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret

        .globl  main
main:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)

        li      a0, POOL
        li      a1, SLOTS
        call    pool_create_sized
        bltz    a0, failed
        mv      s0, a0
        li      a0, 0
        call    request_open            # the arrivals begin when the pool is there
        bltz    a0, failed
        sd      a0, requests, t0
accept:
        li      a0, RECORD_SIZE
        call    malloc
        beqz    a0, out_of_memory
        mv      s1, a0
        ld      a0, requests
        mv      a1, s1
        call    request_next
        bltz    a0, failed
        beqz    a0, stop
        mv      a0, s0
        la      a1, handle
        mv      a2, s1
        call    pool_run                # sleeps while the queue is full: requests stay in the backlog
        bltz    a0, failed
        j       accept

stop:
        mv      a0, s1
        call    free
        mv      a0, s0
        call    pool_shutdown           # when all that were taken are done
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
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret
