# thread_guard.asm - the lowest byte of a thread's stack can be written, the one below faults.
# expect: bottom is fine
# status: 139
        .data
fine:   .asciz  "bottom is fine\n"
        .text
toucher:
        li      t0, 65536 - 64          # bytes below the control block, where sp is now
        sub     s0, sp, t0
        sb      zero, 0(s0)
        la      a0, fine
        call    print_str
        sb      zero, -1(s0)
        li      a0, 0
        call    thread_exit

        .globl  main
main:
        la      a0, toucher
        li      a1, 0
        call    thread_create
        call    thread_join
        li      a0, 0
        li      a7, 94
        ecall
