# work_queue.asm - two workers take the numbers 1..20 from a queue and add them up.
        .equ    WORKERS, 2
        .equ    JOBS, 20
        .data
        .align  3
queue:  .zero   8 * (JOBS + WORKERS)
head:   .dword  0
tail:   .dword  0
sum:    .dword  0
lock:   .word   0, 0
filled: .word   0, 0                    # a semaphore: jobs in the queue
handles:
        .zero   8 * WORKERS
        .text

        .macro  sh3add_ base, index     # base += 8 * index
        slli    \index, \index, 3
        add     \base, \base, \index
        .endm

# put - In: a0 = job; 0 tells a worker to go home.
        .globl  put
put:    addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      a0, 0(sp)
        la      a0, lock
        call    mutex_lock
        la      t0, tail
        ld      t1, 0(t0)
        addi    t2, t1, 1
        sd      t2, 0(t0)
        la      t3, queue
        sh3add_ t3, t1
        ld      t2, 0(sp)
        sd      t2, 0(t3)
        la      a0, lock
        call    mutex_unlock
        la      a0, filled
        call    sem_post
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

        .globl  work
work:   addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
1:      la      a0, filled
        call    sem_wait
        la      a0, lock
        call    mutex_lock
        la      t0, head
        ld      t1, 0(t0)
        addi    t2, t1, 1
        sd      t2, 0(t0)
        la      t3, queue
        sh3add_ t3, t1
        ld      s0, 0(t3)
        la      t0, sum
        ld      t1, 0(t0)
        add     t1, t1, s0
        sd      t1, 0(t0)
        la      a0, lock
        call    mutex_unlock
        bnez    s0, 1b
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret

        .globl  main
main:   addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        la      s0, handles
        li      s1, WORKERS
1:      la      a0, work
        call    thread_create
        sd      a0, 0(s0)
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, 1b
        li      s1, 1
2:      mv      a0, s1
        call    put
        addi    s1, s1, 1
        li      t0, JOBS
        ble     s1, t0, 2b
        li      s1, WORKERS
3:      li      a0, 0
        call    put
        addi    s1, s1, -1
        bnez    s1, 3b
        la      s0, handles
        li      s1, WORKERS
4:      ld      a0, 0(s0)
        call    thread_join
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, 4b
        la      t0, sum
        ld      a0, 0(t0)
        call    print_int
        call    print_newline
        li      a0, 0
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret
