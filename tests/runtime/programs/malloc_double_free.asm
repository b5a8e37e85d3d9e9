# malloc_double_free.asm - the second free of a pointer stops the program with SIGTRAP (128 + 5).
# expect: freed once
# status: 133
        .data
once:   .asciz  "freed once\n"
        .text
        .globl  main
main:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        li      a0, 24
        call    malloc
        mv      s0, a0
        call    free
        la      a0, once
        call    print_str
        mv      a0, s0
        call    free
        li      a0, 0
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret
