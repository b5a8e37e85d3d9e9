# memory-trespasser.asm - wants the number that memory-owner.asm has at 0x40000000.
#
# Shows:  with memory-owner.asm: there is no such address in this process, whatever another one has there.

        .text
        .globl  main
main:
        li      t1, 1000                # the owner is ready by now
1:      addi    t1, t1, -1
        bnez    t1, 1b
        li      t0, 0x40000000
        ld      a0, 0(t0)
        probe   got, a0
        li      a0, 0
        ret
