# fault.asm - calls itself and stores where nothing is.
        .text
down:   push    ra
        beqz    a0, 1f
        addi    a0, a0, -1
        call    down
1:      li      t0, 64
        sd      ra, 0(t0)
        pop     ra
        ret

        .globl  main
main:   push    ra
        li      a0, 4
        call    down
        li      a0, 0
        pop     ra
        ret
