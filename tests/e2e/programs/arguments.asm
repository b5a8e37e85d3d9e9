# arguments.asm - prints its arguments, a line each, and exits with their number.
        .text
        .globl main
main:   addi sp, sp, -32
        sd ra, 24(sp)
        sd s0, 16(sp)
        sd s1, 8(sp)
        sd s2, 0(sp)
        mv s0, a0
        mv s1, a1
        mv s2, a0
1:      addi s0, s0, -1
        blez s0, 2f
        addi s1, s1, 8
        ld a0, 0(s1)
        call print_str
        call print_newline
        j 1b
2:      addi a0, s2, -1
        ld ra, 24(sp)
        ld s0, 16(sp)
        ld s1, 8(sp)
        ld s2, 0(sp)
        addi sp, sp, 32
        ret
