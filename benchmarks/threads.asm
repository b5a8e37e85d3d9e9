# As many threads as the argument says, all alive at once: each sleeps for a while that grows with its number,
# and is joined.
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
        mv      s1, a0                  # their handles
        slli    s2, s0, 3
        add     s2, s2, s1              # and where these end
        mv      s3, s1
create:
        la      a0, body
        sub     a1, s3, s1
        call    thread_create
        sd      a0, 0(s3)
        addi    s3, s3, 8
        bne     s3, s2, create
        mv      s3, s1
join:
        ld      a0, 0(s3)
        call    thread_join
        addi    s3, s3, 8
        bne     s3, s2, join
        ld      ra, 8(sp)
        addi    sp, sp, 16
        li      a0, 0
        ret

# body(8 * number): 8 sleeps of 1 to 2 ms.
body:
        addi    sp, sp, -32
        li      t0, 1000000
        slli    t1, a0, 7
        add     t0, t0, t1
        sd      zero, 0(sp)
        sd      t0, 8(sp)
        li      t2, 8
sleep:
        mv      a0, sp
        li      a1, 0
        li      a7, 101                 # nanosleep
        ecall
        addi    t2, t2, -1
        bnez    t2, sleep
        addi    sp, sp, 32
        li      a0, 0
        ret
