# tls_private.asm - every thread counts in variables of its own, under the same names.
# expect: main: 107
# expect: 1107 1 64
# expect: 2107 2 64
# expect: 3107 3 64
# expect: 4107 4 64
# expect: main: 107
# status: 0
        .equ    THREADS, 4
        .equ    ROUNDS, 100

        .section .tdata
        .byte   1                       # so that what follows has to be aligned
        .align  2
seven:  .word   7
name:   .asciz  "main: "
        .section .tbss
        .align  6
line:   .zero   64                      # a cache line
total:  .zero   8
self:   .zero   8

        .data
space:  .asciz  " "
        .bss
        .align  3
handles:
        .zero   8 * THREADS
        .text

# count - adds 1 to this thread's total, a times, and lets others run between.
#
# In:       a0 = times.
# Result:   a0 = total + seven.
count:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        mv      s0, a0
1:      lui     t0, %tprel_hi(total)
        add     t0, t0, tp, %tprel_add(total)
        ld      t1, %tprel_lo(total)(t0)
        addi    t1, t1, 1
        sd      t1, %tprel_lo(total)(t0)
        andi    t2, s0, 15
        bnez    t2, 2f
        call    thread_yield
2:      addi    s0, s0, -1
        bnez    s0, 1b
        ld      a0, %tprel_lo(total)(tp)
        lw      t0, %tprel_lo(seven)(tp)
        add     a0, a0, t0
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret

# worker - its number n in self, n * 1000 + 100 in total.
#
# Result:   a0 = total + seven, with self in bits 32.. and the cache line's alignment in bits 40..
worker:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      a0, %tprel_lo(self)(tp)
        li      t0, 1000
        mul     t0, t0, a0
        sd      t0, %tprel_lo(total)(tp)
        li      a0, ROUNDS
        call    count
        ld      t0, %tprel_lo(self)(tp)
        slli    t0, t0, 32
        or      a0, a0, t0
        addi    t0, tp, %tprel_lo(line)
        neg     t1, t0
        and     t0, t0, t1              # the greatest power of two that divides it
        sltiu   t1, t0, 64
        bnez    t1, 1f
        li      t0, 64
1:      slli    t0, t0, 40
        or      a0, a0, t0
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

# show - the main thread's total + seven.
show:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        lui     a0, %tprel_hi(name)
        add     a0, a0, tp, %tprel_add(name)
        addi    a0, a0, %tprel_lo(name)
        call    print_str
        ld      a0, %tprel_lo(total)(tp)
        lw      t0, %tprel_lo(seven)(tp)
        add     a0, a0, t0
        call    print_int
        call    print_newline
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

        .globl  main
main:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        li      a0, ROUNDS
        call    count
        call    show
        la      s0, handles
        li      s1, 0
1:      la      a0, worker
        addi    s1, s1, 1
        mv      a1, s1
        call    thread_create
        sd      a0, 0(s0)
        addi    s0, s0, 8
        li      t0, THREADS
        bne     s1, t0, 1b
        la      s0, handles
        li      s1, THREADS
2:      ld      a0, 0(s0)
        call    thread_join
        sd      a0, 0(sp)
        slli    a0, a0, 32
        srli    a0, a0, 32
        call    print_int
        la      a0, space
        call    print_str
        lbu     a0, 4(sp)
        call    print_int
        la      a0, space
        call    print_str
        lbu     a0, 5(sp)
        call    print_int
        call    print_newline
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, 2b
        call    show
        li      a0, 0
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret
