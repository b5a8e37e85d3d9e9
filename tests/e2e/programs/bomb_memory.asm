# bomb_memory.asm - maps pages and writes to them until there are none.
        .globl  main
main:   li      a0, 0
        li      a1, 8192
        li      a2, 3
        li      a3, 0x22
        li      a4, -1
        li      a5, 0
        li      a7, 222
        ecall
        bltz    a0, 1f
        sd      a0, 0(a0)
        j       main
1:      li      a0, 12
        ret
