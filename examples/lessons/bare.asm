# bare.asm - a program on a machine without an operating system.
#
# Shows:  what an operating system does before a program's first instruction, by its absence. Nobody
#         finds memory for the code, builds a stack, sets registers or knows what a program is: you say
#         where the bytes go and where the hart begins, the rest is up to them. Nobody prints, either:
#         what was computed stands in memory.
# Run:    simrec run --bare --place 0x1000 --pc 0x1000 examples/lessons/bare.asm
#         simrec memory --address sum        5050: the sum of 1 to 100
#         simrec replay                      the registers as ebreak left them
# Try:    without --pc                       what is left for you to decide
#         --pc 0x1010                        `count` is never loaded: the sum of 1 to whatever t0 holds
#         --pc 0x1070                        that is `count`: 100 is an instruction, too (simrec events)
#         --pc 0x3000                        nothing was placed there
#         --place 0x200000 --pc 0x200000     the same program elsewhere, assembled for it
#         --harts 2                          both begin at the same pc; a0 tells them apart
#         without `li sp`                    sp is 0 (or --sp): the first push goes below address 0
#         `ecall` in place of `ebreak`       there is nobody to call
#         without --bare, --define OS=1      the same under the operating system: it has a stack, and ends by a call

        .text
_start: bnez    a0, idle                # hart 0 does the work
        la      t0, count
        ld      t0, 0(t0)
        .ifndef OS
        li      sp, 0x4000              # any free address in ram: the stack grows down from it
        .endif
        mv      a0, t0
        call    sum_to
        la      t1, sum
        sd      a0, 0(t1)
        li      a0, 0
        .ifdef OS
        li      a7, 93                  # exit
        ecall
        .else
        ebreak                          # halts the machine; the low byte of a0 is the exit status
        .endif

# The other harts have nothing to do, and nobody lets them sleep.
idle:   j       idle

# sum_to - the sum of 1 to a0, in a0; recursive, so that it needs a stack.
sum_to: beqz    a0, 1f
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      a0, 0(sp)
        addi    a0, a0, -1
        call    sum_to
        ld      t2, 0(sp)
        ld      ra, 8(sp)
        add     a0, a0, t2
        addi    sp, sp, 16
1:      ret

        .data
        .balign 16
count:  .dword  100
sum:    .dword  0
