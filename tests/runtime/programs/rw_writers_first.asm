# rw_writers_first.asm - while main reads, a writer and then a reader line up: the writer is first.
# expect: reading while a writer waits -16
# expect: first 1
# expect: second 2
# status: 0
        .include "common.inc"
        .bss
        .align  3
lock:   .zero   16
order:  .zero   16                      # lock protects order and place
place:  .zero   8
handles:
        .zero   16
        .text

# note - appends a0 to order.
note:
        la      t0, place
        ld      t1, 0(t0)
        addi    t2, t1, 8
        sd      t2, 0(t0)
        la      t0, order
        add     t0, t0, t1
        sd      a0, 0(t0)
        ret

writer:
        enter
        la      a0, lock
        call    rw_write_lock
        li      a0, 1
        call    note
        la      a0, lock
        call    rw_write_unlock
        leave

reader:
        enter
        la      a0, lock
        call    rw_read_lock
        li      a0, 2
        call    note
        la      a0, lock
        call    rw_read_unlock
        leave

        .globl  main
main:
        enter
        la      s0, lock
        mv      a0, s0
        call    rw_read_lock
        la      a0, writer
        call    thread_create
        la      t0, handles
        sd      a0, 0(t0)
1:      call    thread_yield
        lw      t0, 0(s0)
        andi    t0, t0, 1               # a writer waits
        beqz    t0, 1b
        mv      a0, s0
        call    rw_read_trylock
        say     "reading while a writer waits ", a0
        la      a0, reader
        call    thread_create
        la      t0, handles
        sd      a0, 8(t0)
2:      call    thread_yield
        lw      t0, 8(s0)               # a reader waits
        beqz    t0, 2b
        mv      a0, s0
        call    rw_read_unlock
        la      t0, handles
        ld      a0, 0(t0)
        call    thread_join
        la      t0, handles
        ld      a0, 8(t0)
        call    thread_join
        la      s1, order
        ld      t0, 0(s1)
        say     "first ", t0
        ld      t0, 8(s1)
        say     "second ", t0
        li      a0, 0
        leave
