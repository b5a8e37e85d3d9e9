# server_pool.asm - a server with a fixed pool of threads, which take requests out of a bounded queue.
#
# Shows:  threads are made once, and no more than POOL requests are served at a time: while all
#         threads wait for I/O, harts idle and requests stay in the queue, then in the backlog.
# Try:    simrec run examples/lessons/server_pool.asm --requests count=200,io=fixed:5000
#         simrec requests                 throughput, latency and where it went
#         simrec contention               who waits for the queue

        .ifndef POOL
        .equ    POOL, 8                 # threads
        .endif
        .equ    SLOTS, 16               # requests that the queue holds
        .equ    QUEUE_SIZE, 80          # (queue.s)

        .equ    RECORD_NUMBER, 0        # a request (request.s)
        .equ    RECORD_CPU, 8
        .equ    RECORD_IO, 16
        .equ    RECORD_SIZE, 32

        .data
        .align  3
requests:                               # file that requests come from; written before threads exist
        .dword  0
queue:                                  # of requests, from malloc; whoever takes one frees it
        .zero   QUEUE_SIZE
handles:
        .zero   8 * POOL
requests_done:
        .asciz  " requests done\n"

        .text

# worker - a thread of the pool: does what requests ask for, until the queue is closed and empty.
#
# Result:   a0 = requests that it has done.
worker:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        li      s1, 0
next_request:
        la      a0, queue
        call    queue_get               # sleeps while it is empty
        bnez    a1, no_more
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
        addi    s1, s1, 1
        j       next_request
no_more:
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

        la      a0, queue
        li      a1, SLOTS
        call    queue_init
        la      s0, handles
        li      s1, POOL
create_worker:
        la      a0, worker
        li      a1, 0
        call    thread_create
        sd      a0, 0(s0)
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, create_worker

        li      a0, 0
        call    request_open            # the arrivals begin when the pool is there
        bltz    a0, failed
        sd      a0, requests, t0
accept:
        li      a0, RECORD_SIZE
        call    malloc
        mv      s2, a0
        ld      a0, requests
        mv      a1, s2
        call    request_next
        blez    a0, stop
        la      a0, queue
        mv      a1, s2
        call    queue_put               # sleeps while it is full: requests stay in the backlog
        j       accept

stop:
        la      a0, queue
        call    queue_close

        la      s0, handles
        li      s1, POOL
        li      s2, 0
join_worker:
        ld      a0, 0(s0)
        call    thread_join
        add     s2, s2, a0
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, join_worker
        mv      a0, s2
        call    print_int
        la      a0, requests_done
        call    print_str
        li      a0, 0
        j       leave
failed:
        neg     a0, a0                  # the exit status is the errno
leave:
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        ld      s2, 0(sp)
        addi    sp, sp, 32
        ret
