# work.s - work that does nothing but take time. There is no state to protect.

        .text
        .align  2

# work - keeps the hart busy.
#
# In:       a0 = ticks: about so many instructions are executed, two at least.
# Result:   none.
# Clobbers: a0.
        .globl  work
work:
        srli    a0, a0, 1               # a round is two instructions
1:      addi    a0, a0, -1
        bgtz    a0, 1b
        ret
