# generator.asm - a coroutine yields 1, 4, 9; its frame lies on the heap between resumes.
        .text
squares:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        mv      s0, a0
        li      s1, 1
1:      bgt     s1, s0, 2f
        mul     a0, s1, s1
        call    coroutine_yield
        addi    s1, s1, 1
        j       1b
2:      mv      a0, s0
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret

        .globl  main
main:   push    ra
        push    s0
        la      a0, squares
        li      a1, 3
        call    coroutine_create
        mv      s0, a0
1:      mv      a0, s0
        li      a1, 0
        call    coroutine_resume
        beqz    a1, 2f
        call    print_int
        call    print_newline
        j       1b
2:      mv      a0, s0
        call    coroutine_destroy
        li      a0, 0
        pop     s0
        pop     ra
        ret
