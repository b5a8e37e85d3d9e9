# crt0.s - where a program starts and ends.
#
# Owns `_start` and the main thread's control block. The layout of a thread control block (TCB)
# is described in thread.s; the main thread's differs in one way: it has no mapping of its own
# (base 0), so joining it unmaps nothing. It is here, below main_thread, where tp then points; in
# programs with thread-local variables tls.s puts it on the stack, below them.

        .equ    TCB_TID, -64
        .equ    TCB_SIZE, 64

        .equ    SYS_EXIT_GROUP, 94
        .equ    SYS_SET_TID_ADDRESS, 96

        .text
        .align  2

# _start - the first instruction of every program; calls main(argc, argv, envp).
#
# In:       sp -> argc, argv[0..argc-1], 0, envp..., 0, auxv (what Linux leaves on a new stack).
# Result:   none; main's a0 becomes the exit status of the whole process (exit_group), whatever
#           the other threads are doing.
# Protects: the TCB is written here before any other thread exists; afterwards the rules of
#           thread.s hold for it.
        .globl  _start
        .weak   tls_setup               # linked with programs that have thread-local variables
_start:
        mv      a3, sp
        la      tp, main_thread
        lui     t0, %hi(tls_setup)
        addi    t0, t0, %lo(tls_setup)
        beqz    t0, 1f
        jalr    t0
1:      addi    a0, tp, TCB_TID         # the kernel clears and wakes this word when main's
        li      a7, SYS_SET_TID_ADDRESS # thread exits alone (thread_exit), as for any thread
        ecall
        sw      a0, TCB_TID(tp)

        ld      a0, 0(a3)               # argc
        addi    a1, a3, 8               # argv
        slli    a2, a0, 3
        add     a2, a2, a1
        addi    a2, a2, 8               # envp: one past argv's closing 0
        andi    sp, sp, -16             # psABI: sp is a multiple of 16 at every call
        call    main

        li      a7, SYS_EXIT_GROUP
        ecall

        .bss
        .align  6                       # one cache line of its own: no false sharing with data
main_tcb:
        .zero   TCB_SIZE
        .globl  main_thread
main_thread:
        .zero   8                       # so that no other name stands for tp's value
