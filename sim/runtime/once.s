# once.s - a function that runs once, whoever calls for it and however many at a time.
#
# A flag is one aligned 32-bit word, the futex word:
#       0  not called yet (.bss is that)
#       1  running, nobody waits
#       2  running, somebody may be waiting in the kernel
#       3  done
#
# Protects: the word is changed by atomics only. Who finds it done has acquired what the function
# wrote.

        .equ    ONCE_NEW, 0
        .equ    ONCE_RUNNING, 1
        .equ    ONCE_AWAITED, 2
        .equ    ONCE_DONE, 3

        .equ    SYS_FUTEX, 98
        .equ    FUTEX_WAIT, 0
        .equ    FUTEX_WAKE, 1
        .equ    ALL, 0x7fffffff

        .text
        .align  2

# call_once - runs function(argument) if nobody has, else waits until it has returned.
#
# In:       a0 = flag, a1 = function, a2 = argument. A function that calls for itself waits forever.
# Result:   none; the function has returned.
# Clobbers: a0-a7, t0-t6, as any function may: that one does.
        .globl  call_once
call_once:
        lw      t0, 0(a0)               # the usual case: done long ago
        fence   r, rw
        li      t1, ONCE_DONE
        beq     t0, t1, 4f

1:      lr.w.aq t0, (a0)
        bnez    t0, 2f
        li      t1, ONCE_RUNNING
        sc.w    t2, t1, (a0)
        bnez    t2, 1b
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      a0, 0(sp)
        mv      a0, a2
        jalr    a1
        ld      a0, 0(sp)
        ld      ra, 8(sp)
        addi    sp, sp, 16
        li      t1, ONCE_DONE
        amoswap.w.aqrl t0, t1, (a0)
        li      t1, ONCE_AWAITED
        bne     t0, t1, 4f
        li      a1, FUTEX_WAKE
        li      a2, ALL
        li      a7, SYS_FUTEX
        ecall
        ret

2:      li      t1, ONCE_DONE
        beq     t0, t1, 4f
        li      t1, ONCE_AWAITED
        sc.w    t2, t1, (a0)            # running: say that somebody waits, if nobody has
        bnez    t2, 1b
        mv      t3, a0
        mv      t4, a1
        mv      t5, a2
        li      a1, FUTEX_WAIT
        li      a2, ONCE_AWAITED
        li      a3, 0                   # no timeout
        li      a7, SYS_FUTEX
        ecall
        mv      a0, t3
        mv      a1, t4
        mv      a2, t5
        j       1b
4:      ret
