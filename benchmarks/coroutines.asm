# As many coroutines as the argument says, all alive at once: each is created, resumed to its yield, resumed to
# its end and destroyed.
        .text
        .globl main
main:
        ld      a0, 8(a1)
        li      s0, 0
        li      t2, 10
digit:
        lbu     t1, 0(a0)
        beqz    t1, parsed
        addi    t1, t1, -'0'
        mul     s0, s0, t2
        add     s0, s0, t1
        addi    a0, a0, 1
        j       digit
parsed:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        slli    a0, s0, 3
        call    malloc
        mv      s1, a0                  # their frames
        slli    s2, s0, 3
        add     s2, s2, s1              # and where these end
        mv      s3, s1
create:
        la      a0, body
        mv      a1, s3
        call    coroutine_create
        sd      a0, 0(s3)
        addi    s3, s3, 8
        bne     s3, s2, create
        li      s4, 2
round:
        mv      s3, s1
resume:
        ld      a0, 0(s3)
        li      a1, 1
        call    coroutine_resume
        addi    s3, s3, 8
        bne     s3, s2, resume
        addi    s4, s4, -1
        bnez    s4, round
        mv      s3, s1
destroy:
        ld      a0, 0(s3)
        call    coroutine_destroy
        addi    s3, s3, 8
        bne     s3, s2, destroy
        ld      ra, 8(sp)
        addi    sp, sp, 16
        li      a0, 0
        ret

body:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        call    coroutine_yield
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret
