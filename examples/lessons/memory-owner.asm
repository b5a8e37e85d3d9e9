# memory-owner.asm - has a page of its own at 0x40000000, and a number there.
#
# Shows:  with memory-trespasser.asm: an address of one process means nothing in another.
# Try:    simrec run examples/lessons/memory-owner.asm examples/lessons/memory-trespasser.asm

        .equ    SYS_MMAP, 222
        .equ    PLACE, 0x40000000

        .text
        .globl  main
main:
        li      a0, PLACE
        li      a1, 4096
        li      a2, 3                   # to read and to write
        li      a3, 0x32                # private, fixed, of no file
        li      a4, -1
        li      a5, 0
        li      a7, SYS_MMAP
        ecall
        li      t0, 1234
        sd      t0, 0(a0)
        li      t1, 3000                # goes on while the other one tries
1:      addi    t1, t1, -1
        bnez    t1, 1b
        ld      a0, 0(a0)
        probe   kept, a0
        li      a0, 0
        ret
