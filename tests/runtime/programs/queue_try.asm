# queue_try.asm - a queue of two that nobody waits for, and capacities that are none.
# expect: get -11
# expect: put 0
# expect: put 0
# expect: put -11
# expect: got 7
# expect: put 0
# expect: got 8
# expect: got 9
# expect: closed put -32
# expect: closed get -32
# expect: none -22
# expect: none -22
# status: 0
        .include "common.inc"
        .bss
        .align  3
queue:  .zero   80
        .text
        .macro  put     item
        la      a0, queue
        li      a1, \item
        call    queue_try_put
        say     "put ", a0
        .endm
        .macro  got
        la      a0, queue
        call    queue_try_get
        say     "got ", a0
        .endm

        .globl  main
main:
        enter
        la      a0, queue
        li      a1, 2
        call    queue_init
        la      a0, queue
        call    queue_try_get
        say     "get ", a1
        put     7
        put     8
        put     9
        got
        put     9
        got
        got
        la      a0, queue
        call    queue_close
        la      a0, queue
        li      a1, 5
        call    queue_try_put
        say     "closed put ", a0
        la      a0, queue
        call    queue_try_get
        say     "closed get ", a1
        la      a0, queue
        call    queue_destroy
        la      a0, queue
        li      a1, 0
        call    queue_init
        say     "none ", a0
        la      a0, queue
        li      a1, -1
        call    queue_init
        say     "none ", a0
        li      a0, 0
        leave
