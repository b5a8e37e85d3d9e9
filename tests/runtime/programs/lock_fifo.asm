# lock_fifo.asm - ticket and MCS locks are had in the order of arrival: while main holds the lock, six
# threads come one after the other, each when the one before stands in line.
# expect: ticket 0 1 2 3 4 5 
# expect: mcs 0 1 2 3 4 5 
# status: 0
        .include "common.inc"
        .equ    THREADS, 6
        .data
ticket_is:
        .asciz  "ticket "
mcs_is: .asciz  "mcs "
        .bss
        .align  3
ticket: .zero   8
mcs:    .zero   8
order:  .zero   8 * THREADS             # the locks protect order and place
place:  .zero   8
handles:
        .zero   8 * THREADS
        .text

# note - appends a0 to order.
note:
        la      t0, place
        ld      t1, 0(t0)
        addi    t2, t1, 1
        sd      t2, 0(t0)
        slli    t1, t1, 3
        la      t0, order
        add     t0, t0, t1
        sd      a0, 0(t0)
        ret

ticket_thread:
        enter
        mv      s0, a0
        la      a0, ticket
        call    ticket_lock
        mv      a0, s0
        call    note
        la      a0, ticket
        call    ticket_unlock
        leave

mcs_thread:
        enter
        mv      s0, a0
        la      a0, mcs
        mv      a1, sp
        call    mcs_lock
        mv      a0, s0
        call    note
        la      a0, mcs
        mv      a1, sp
        call    mcs_unlock
        leave

# line_up - a0 = entry, a1 -> the word of the lock that changes when somebody lines up.
line_up:
        enter
        mv      s0, a0
        mv      s1, a1
        li      s2, 0
        la      t0, place
        sd      zero, 0(t0)
1:      ld      s3, 0(s1)
        mv      a0, s0
        mv      a1, s2
        call    thread_create
        la      t0, handles
        slli    t1, s2, 3
        add     t0, t0, t1
        sd      a0, 0(t0)
2:      call    thread_yield
        ld      t0, 0(s1)
        beq     t0, s3, 2b
        addi    s2, s2, 1
        li      t0, THREADS
        bne     s2, t0, 1b
        leave

# finish - joins the threads and prints order; a0 = text.
finish:
        enter
        call    print_str
        li      s0, 0
1:      slli    s1, s0, 3
        la      t0, handles
        add     t0, t0, s1
        ld      a0, 0(t0)
        call    thread_join
        addi    s0, s0, 1
        li      t0, THREADS
        bne     s0, t0, 1b
        li      s0, 0
2:      slli    s1, s0, 3
        la      t0, order
        add     t0, t0, s1
        ld      a0, 0(t0)
        call    print_int
        li      a0, ' '
        call    print_char
        addi    s0, s0, 1
        li      t0, THREADS
        bne     s0, t0, 2b
        call    print_newline
        leave

        .globl  main
main:
        enter
        la      a0, ticket
        call    ticket_lock
        la      a0, ticket_thread
        la      a1, ticket
        call    line_up
        la      a0, ticket
        call    ticket_unlock
        la      a0, ticket_is
        call    finish

        la      a0, mcs
        mv      a1, sp
        call    mcs_lock
        la      a0, mcs_thread
        la      a1, mcs
        call    line_up
        la      a0, mcs
        mv      a1, sp
        call    mcs_unlock
        la      a0, mcs_is
        call    finish
        li      a0, 0
        leave
