# coroutine_contended.asm - four threads resume the same coroutine as fast as they can. It adds 1
# to a plain counter each time: no addition is lost, for only one thread at a time gets in.
# expect: counter = 2000, resumes = 2000
# status: 0
        .equ    THREADS, 4
        .equ    ROUNDS, 500
        .data
counter_is:
        .asciz  "counter = "
resumes_are:
        .asciz  ", resumes = "
        .bss
        .align  3
frame:  .zero   8
counter:
        .zero   8                       # belongs to the coroutine
handles:
        .zero   8 * THREADS
        .text
adder:
        addi    sp, sp, -16
        sd      ra, 8(sp)
1:      la      t0, counter
        ld      t1, 0(t0)
        addi    t1, t1, 1
        sd      t1, 0(t0)
        call    coroutine_yield
        j       1b

# worker - result: how often it got in, ROUNDS.
worker:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        li      s0, 0
1:      la      t0, frame
        ld      a0, 0(t0)
        li      a1, 0
        call    coroutine_resume
        bltz    a1, 2f                  # busy: another thread runs it
        addi    s0, s0, 1
        li      t0, ROUNDS
        bne     s0, t0, 1b
        mv      a0, s0
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret
2:      call    thread_yield
        j       1b

        .globl  main
main:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        sd      s2, 0(sp)
        la      a0, adder
        li      a1, 0
        call    coroutine_create
        la      t0, frame
        sd      a0, 0(t0)
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
        la      a0, resumes_are
        call    print_str
        mv      a0, s2
        call    print_int
        call    print_newline
        ld      a0, frame
        call    coroutine_destroy
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        ld      s2, 0(sp)
        addi    sp, sp, 32
        ret
