# The benchmark loop: nested loops with loads, stores, and a call of a function that uses its stack.
# The argument is the number of outer rounds; each is 70 instructions.
        .text
        .globl main
main:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        ld      a0, 8(a1)               # argv[1]
        call    parse
        mv      s0, a0
        la      s1, cell
outer:
        li      s2, 8
inner:
        ld      t0, 0(s1)
        addi    t0, t0, 3
        sd      t0, 0(s1)
        add     t1, t0, s2
        xor     t2, t1, t0
        addi    s2, s2, -1
        bnez    s2, inner
        mv      a0, t2
        call    mix
        addi    s0, s0, -1
        bnez    s0, outer
        ld      ra, 8(sp)
        addi    sp, sp, 16
        li      a0, 0
        ret

mix:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        slli    t3, a0, 3
        srli    t3, t3, 1
        xor     a0, t3, a0
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

# parse(text) -> the decimal number there
parse:
        li      t0, 0
        li      t2, 10
digit:
        lbu     t1, 0(a0)
        beqz    t1, parsed
        addi    t1, t1, -'0'
        mul     t0, t0, t2
        add     t0, t0, t1
        addi    a0, a0, 1
        j       digit
parsed:
        mv      a0, t0
        ret

        .data
        .align  3
cell:   .dword  0
