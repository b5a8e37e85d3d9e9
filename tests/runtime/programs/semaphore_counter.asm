# semaphore_counter.asm - four threads keep a counter and its copy equal under a semaphore with one unit.
# expect: counter = 8000, torn = 0
# status: 0
        .equ    THREADS, 4
        .equ    ROUNDS, 2000
        .data
counter_is:
        .asciz  "counter = "
torn_is:
        .asciz  ", torn = "
        .bss
        .align  3
lock:   .zero   8
counter:
        .zero   8                       # lock protects counter and copy: equal outside of it
copy:   .zero   8
handles:
        .zero   8 * THREADS
        .text

# worker - result: how often it saw counter and copy differ while it held the lock.
worker:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        li      s0, ROUNDS
        li      s1, 0
1:      la      a0, lock
        call    sem_wait
        la      t0, counter
        la      t1, copy
        ld      t2, 0(t0)
        ld      t3, 0(t1)
        beq     t2, t3, 2f
        addi    s1, s1, 1
2:      addi    t2, t2, 1
        sd      t2, 0(t0)
        sd      t2, 0(t1)
        la      a0, lock
        call    sem_post
        addi    s0, s0, -1
        bnez    s0, 1b
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
        la      a0, lock
        li      a1, 1
        call    sem_init
        la      s0, handles
        li      s1, THREADS
1:      la      a0, worker
        li      a1, 0
        call    thread_create
        sd      a0, 0(s0)
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, 1b
        la      s0, handles
        li      s1, THREADS
        li      s2, 0
2:      ld      a0, 0(s0)
        call    thread_join
        add     s2, s2, a0
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, 2b
        la      a0, counter_is
        call    print_str
        ld      a0, counter
        call    print_int
        la      a0, torn_is
        call    print_str
        mv      a0, s2
        call    print_int
        call    print_newline
        li      a0, 0
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        ld      s2, 0(sp)
        addi    sp, sp, 32
        ret
