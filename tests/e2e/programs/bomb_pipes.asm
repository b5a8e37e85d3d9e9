# bomb_pipes.asm - opens pipes and fills them until it can't, then exits with 6.
        .equ    SYS_WRITE, 64
        .equ    SYS_PIPE2, 59
        .data
        .align  3
ends:   .word   0, 0
        .bss
data:   .zero   0x10000
        .text
        .globl  main
main:   la      a0, ends
        li      a1, 0x800               # O_NONBLOCK: a full pipe takes no more
        li      a7, SYS_PIPE2
        ecall
        bnez    a0, 1f
        lw      a0, ends+4
        la      a1, data
        li      a2, 0x10000
        li      a7, SYS_WRITE
        ecall
        j       main
1:      li      a0, 6
        ret
