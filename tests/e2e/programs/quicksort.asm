# quicksort.asm - sorts 32 numbers from a linear congruence by recursion and prints the first and last.
        .equ    COUNT, 32
        .bss
        .align  3
numbers:
        .zero   8 * COUNT
        .text

# quicksort - In: a0 = first, a1 = last element (addresses).
        .globl  quicksort
quicksort:
        bgeu    a0, a1, 3f
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        mv      s1, a1
        ld      t0, 0(a1)               # the pivot
        mv      t1, a0                  # where the next smaller one goes
        mv      t2, a0
1:      bgeu    t2, a1, 2f
        ld      t3, 0(t2)
        bge     t3, t0, 4f
        ld      t4, 0(t1)
        sd      t3, 0(t1)
        sd      t4, 0(t2)
        addi    t1, t1, 8
4:      addi    t2, t2, 8
        j       1b
2:      ld      t4, 0(t1)
        sd      t0, 0(t1)
        sd      t4, 0(a1)
        mv      s0, t1
        addi    a1, t1, -8
        call    quicksort
        addi    a0, s0, 8
        mv      a1, s1
        call    quicksort
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
3:      ret

        .globl  main
main:
        push    ra
        la      t0, numbers
        li      t1, COUNT
        li      t2, 12345
        li      t3, 1103515245
        li      t4, 1000
1:      mul     t2, t2, t3
        addi    t2, t2, 1234
        srli    t5, t2, 33
        remu    t5, t5, t4
        sd      t5, 0(t0)
        addi    t0, t0, 8
        addi    t1, t1, -1
        bnez    t1, 1b
        la      a0, numbers
        addi    a1, a0, 8 * (COUNT - 1)
        call    quicksort
        la      t0, numbers             # ascending?
        li      t1, COUNT - 1
2:      ld      t2, 0(t0)
        ld      t3, 8(t0)
        bgt     t2, t3, 3f
        addi    t0, t0, 8
        addi    t1, t1, -1
        bnez    t1, 2b
        la      a0, sorted
        call    print_str
        li      a0, 0
        pop     ra
        ret
3:      li      a0, 1
        pop     ra
        ret
        .data
sorted: .asciz  "sorted\n"
