# coroutine_registers.asm - all of s0..s11 and sp survive on both sides of every switch.
# expect: main: 0, coroutine: 0
# status: 0
        .data
main_text:
        .asciz  "main: "
coroutine_text:
        .asciz  ", coroutine: "

        .macro  fill seed
        li      s0, \seed
        addi    s1, s0, 1
        addi    s2, s0, 2
        addi    s3, s0, 3
        addi    s4, s0, 4
        addi    s5, s0, 5
        addi    s6, s0, 6
        addi    s7, s0, 7
        addi    s8, s0, 8
        addi    s9, s0, 9
        addi    s10, s0, 10
        addi    s11, s0, 11
        .endm

# adds to `count` how many of the twelve are not what fill(seed) left
        .macro  check seed, count
        li      t1, \seed
        xor     t0, s0, t1
        addi    t1, t1, 1
        xor     t2, s1, t1
        or      t0, t0, t2
        addi    t1, t1, 1
        xor     t2, s2, t1
        or      t0, t0, t2
        addi    t1, t1, 1
        xor     t2, s3, t1
        or      t0, t0, t2
        addi    t1, t1, 1
        xor     t2, s4, t1
        or      t0, t0, t2
        addi    t1, t1, 1
        xor     t2, s5, t1
        or      t0, t0, t2
        addi    t1, t1, 1
        xor     t2, s6, t1
        or      t0, t0, t2
        addi    t1, t1, 1
        xor     t2, s7, t1
        or      t0, t0, t2
        addi    t1, t1, 1
        xor     t2, s8, t1
        or      t0, t0, t2
        addi    t1, t1, 1
        xor     t2, s9, t1
        or      t0, t0, t2
        addi    t1, t1, 1
        xor     t2, s10, t1
        or      t0, t0, t2
        addi    t1, t1, 1
        xor     t2, s11, t1
        or      t0, t0, t2
        snez    t0, t0
        la      t1, \count
        ld      t2, 0(t1)
        add     t2, t2, t0
        sd      t2, 0(t1)
        .endm

        .bss
        .align  3
frame:  .zero   8
rounds: .zero   8
main_wrong:
        .zero   8
coroutine_wrong:
        .zero   8
        .text
body:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      sp, 0(sp)
        fill    1000
1:      li      a0, 0
        call    coroutine_yield
        check   1000, coroutine_wrong
        la      t0, rounds
        ld      t0, 0(t0)
        li      t1, 5
        bne     t0, t1, 1b
        fill    3000                    # the resumer's own come back all the same
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

        .globl  main
main:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        la      a0, body
        li      a1, 0
        call    coroutine_create
        la      t0, frame
        sd      a0, 0(t0)
        sd      sp, 0(sp)
        fill    2000
1:      la      t0, frame
        ld      a0, 0(t0)
        call    coroutine_resume
        ld      t0, 0(sp)
        bne     t0, sp, 2f
        check   2000, main_wrong
        la      t0, rounds
        ld      t1, 0(t0)
        addi    t1, t1, 1
        sd      t1, 0(t0)
        bnez    a1, 1b
        la      a0, main_text
        call    print_str
        ld      a0, main_wrong
        call    print_int
        la      a0, coroutine_text
        call    print_str
        ld      a0, coroutine_wrong
        call    print_int
        call    print_newline
        li      a0, 0
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret
2:      ebreak                          # sp is not what it was before the resume
