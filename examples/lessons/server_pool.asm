# server_pool.asm - a server with a fixed pool of threads, which take requests out of a bounded queue.
#
# Shows:  threads are made once, and no more than POOL requests are served at a time: while all
#         threads wait for I/O, harts idle and requests stay in the queue, then in the backlog.
# Try:    simrec run examples/lessons/server_pool.asm --requests count=200,io=fixed:5000
#         simrec requests                 throughput, latency and where it went
#         simrec contention               who waits for the queue

        .ifndef POOL
        .equ    POOL, 4                 # threads
        .endif
        .equ    SLOTS, 16               # of the queue, a power of two

        .equ    RECORD_NUMBER, 0        # a request (request.s)
        .equ    RECORD_CPU, 8
        .equ    RECORD_IO, 16
        .equ    RECORD_SIZE, 32

        .data
        .align  3
requests:                               # file that requests come from; written before threads exist
        .dword  0
queue:
        .zero   8 * SLOTS
queue_put_count:                        # items put in so far; only the main thread has it
        .dword  0
queue_got_count:                        # items taken out so far; queue_lock protects it
        .dword  0
queue_lock:
        .word   0, 0
queue_free:                             # semaphores: count, waiters
        .word   SLOTS, 0
queue_filled:
        .word   0, 0
handles:
        .zero   8 * POOL
requests_done:
        .asciz  " requests done\n"

        .text

# put - puts an item into the queue, sleeping while it is full.
#
# In:       a0 = item.
put:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      a0, 0(sp)
        la      a0, queue_free
        call    sem_wait
        ld      t0, queue_put_count
        addi    t1, t0, 1
        sd      t1, queue_put_count, t2
        andi    t0, t0, SLOTS - 1
        slli    t0, t0, 3
        la      t1, queue
        add     t0, t0, t1
        ld      t1, 0(sp)
        sd      t1, 0(t0)
        la      a0, queue_filled
        call    sem_post
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

# get - takes the oldest item out of the queue, sleeping while it is empty.
#
# Result:   a0 = item.
get:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        la      a0, queue_filled
        call    sem_wait
        la      a0, queue_lock
        call    mutex_lock
        ld      t0, queue_got_count
        addi    t1, t0, 1
        sd      t1, queue_got_count, t2
        andi    t0, t0, SLOTS - 1
        slli    t0, t0, 3
        la      t1, queue
        add     t0, t0, t1
        ld      t1, 0(t0)
        sd      t1, 0(sp)
        la      a0, queue_lock
        call    mutex_unlock
        la      a0, queue_free
        call    sem_post
        ld      a0, 0(sp)
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

# worker - a thread of the pool: does what requests ask for, until it gets 0.
#
# Result:   a0 = requests that it has done.
worker:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        li      s1, 0
next_request:
        call    get
        beqz    a0, no_more
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
        mv      a0, s2
        call    put
        j       accept

stop:
        li      s1, POOL
stop_worker:
        li      a0, 0
        call    put
        addi    s1, s1, -1
        bnez    s1, stop_worker

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
