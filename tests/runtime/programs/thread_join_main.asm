# thread_join_main.asm - a thread joins the main thread, which leaves by thread_exit; the process
# lives on until that thread ends it.
# expect: main gave 17
# status: 3
        .data
gave:   .asciz  "main gave "
        .text
waiter:
        call    thread_join
        mv      s0, a0
        la      a0, gave
        call    print_str
        mv      a0, s0
        call    print_int
        call    print_newline
        li      a0, 3
        li      a7, 94                  # exit_group
        ecall

        .globl  main
main:
        call    thread_self
        mv      a1, a0
        la      a0, waiter
        call    thread_create
        call    thread_yield
        li      a0, 17
        call    thread_exit
