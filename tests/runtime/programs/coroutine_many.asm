# coroutine_many.asm - N coroutines alive together, each resumed four times, destroyed out of order.
# args: 1000
# expect: yielded 3000, sum 1501500
# expect: whole again: 1
# status: 0
        .equ    YIELDS, 3
        .equ    STRIDE, 7919            # prime to N: every index comes once, far from the one before
        .data
yielded_is:
        .asciz  "yielded "
sum_is: .asciz  ", sum "
whole_is:
        .asciz  "whole again: "
        .text

# body - yields argument + 0, argument + 1, ... YIELDS - 1.
body:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        mv      s0, a0
        li      s1, YIELDS
1:      mv      a0, s0
        call    coroutine_yield
        addi    s0, s0, 1
        addi    s1, s1, -1
        bnez    s1, 1b
        li      a0, 0
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret

        .globl  main
main:
        addi    sp, sp, -64
        sd      ra, 56(sp)
        sd      s0, 48(sp)
        sd      s1, 40(sp)
        sd      s2, 32(sp)
        sd      s3, 24(sp)
        sd      s4, 16(sp)
        ld      a0, 8(a1)
        call    parse
        mv      s2, a0                  # N
        slli    a0, a0, 3
        call    malloc
        mv      s0, a0                  # frames
        li      s1, 0
1:      la      a0, body
        mv      a1, s1
        call    coroutine_create
        slli    t0, s1, 3
        add     t0, t0, s0
        sd      a0, 0(t0)
        addi    s1, s1, 1
        bne     s1, s2, 1b

        li      s3, 0                   # values
        li      s4, 0                   # their sum
        li      t0, YIELDS + 1
        sd      t0, 0(sp)
2:      li      s1, 0
3:      slli    t0, s1, 3
        add     t0, t0, s0
        ld      a0, 0(t0)
        li      a1, 0
        call    coroutine_resume
        add     s3, s3, a1
        add     s4, s4, a0
        addi    s1, s1, 1
        bne     s1, s2, 3b
        ld      t0, 0(sp)
        addi    t0, t0, -1
        sd      t0, 0(sp)
        bnez    t0, 2b

        li      s1, 0
        li      t1, 0
4:      sd      t1, 0(sp)
        slli    t0, t1, 3
        add     t0, t0, s0
        ld      a0, 0(t0)
        call    coroutine_destroy
        ld      t1, 0(sp)
        li      t0, STRIDE
        add     t1, t1, t0
        remu    t1, t1, s2
        addi    s1, s1, 1
        bne     s1, s2, 4b

        la      a0, yielded_is
        call    print_str
        mv      a0, s3
        call    print_int
        la      a0, sum_is
        call    print_str
        mv      a0, s4
        call    print_int
        call    print_newline

        li      a0, 0
        li      a7, 214                 # brk(0)
        ecall
        mv      s1, a0
        slli    a0, s2, 8               # more than a frame of each took: one free block by now
        call    malloc
        li      a0, 0
        li      a7, 214
        ecall
        sub     s1, a0, s1
        la      a0, whole_is
        call    print_str
        seqz    a0, s1                  # the break has not moved
        call    print_int
        call    print_newline
        li      a0, 0
        ld      ra, 56(sp)
        ld      s0, 48(sp)
        ld      s1, 40(sp)
        ld      s2, 32(sp)
        ld      s3, 24(sp)
        ld      s4, 16(sp)
        addi    sp, sp, 64
        ret

# parse - the number that a string of digits means.
parse:
        li      t0, 0
        li      t2, 10
1:      lbu     t1, 0(a0)
        beqz    t1, 2f
        mul     t0, t0, t2
        addi    t1, t1, -'0'
        add     t0, t0, t1
        addi    a0, a0, 1
        j       1b
2:      mv      a0, t0
        ret
