# bomb_threads.asm - makes threads until it can't, then exits with 5.
        .globl  main
main:   la      a0, worker
        li      a1, 0
        call    thread_create
        bgez    a0, main
        li      a0, 5
        ret
worker: call    thread_yield
        j       worker
