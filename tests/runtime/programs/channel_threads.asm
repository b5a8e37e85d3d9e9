# channel_threads.asm - values through a channel from two threads to main, unbuffered, then with room for
# four: all come, each sender's in order; after close the rest, then EPIPE.
# expect: received 40, out of order 0, then -32
# expect: received 40, out of order 0, then -32
# expect: ahead at most 0
# status: 0
        .include "common.inc"
        .equ    SENDERS, 2
        .equ    VALUES, 20
        .data
received_is:
        .asciz  "received "
order_is:
        .asciz  ", out of order "
then_is:
        .asciz  ", then "
        .bss
        .align  3
channel:
        .zero   104
sending:
        .zero   8                       # atomic: senders that have not ended
done:   .zero   8                       # atomic: unbuffered sends that have returned
handles:
        .zero   8 * SENDERS
        .text

# sender - a0 = its number; sends number * 1000 + 0, 1, ...
sender:
        enter
        li      t0, 1000
        mul     s0, a0, t0
        li      s1, VALUES
1:      la      a0, channel
        mv      a1, s0
        call    channel_send
        la      t0, done
        li      t1, 1
        amoadd.d.aqrl zero, t1, (t0)
        addi    s0, s0, 1
        addi    s1, s1, -1
        bnez    s1, 1b
        la      t0, sending
        li      t1, -1
        amoadd.d.aqrl t0, t1, (t0)
        li      t1, 1
        bne     t0, t1, 2f
        la      a0, channel
        call    channel_close
2:      leave

# transfer - a0 = capacity; result: by how much at most more sends had returned than were received.
transfer:
        enter
        addi    sp, sp, -16
        mv      a1, a0
        la      a0, channel
        call    channel_init
        li      t0, SENDERS
        la      t1, sending
        sd      t0, 0(t1)
        sd      zero, 8(t1)
        li      s0, 0
1:      la      a0, sender
        mv      a1, s0
        call    thread_create
        slli    t0, s0, 3
        la      t1, handles
        add     t0, t0, t1
        sd      a0, 0(t0)
        addi    s0, s0, 1
        li      t0, SENDERS
        bne     s0, t0, 1b
        li      s0, 0                   # received
        li      s1, 0                   # out of order
        li      s2, 0                   # ahead
        li      t0, -1
        sd      t0, 0(sp)               # the last value of each sender
        sd      t0, 8(sp)
2:      la      t0, done
        amoadd.d.aqrl t1, zero, (t0)
        sub     t1, t1, s0
        ble     t1, s2, 3f
        mv      s2, t1
3:      la      a0, channel
        call    channel_recv
        bnez    a1, 5f
        addi    s0, s0, 1
        li      t0, 1000
        divu    t1, a0, t0
        slli    t1, t1, 3
        add     t1, t1, sp
        ld      t2, 0(t1)
        sd      a0, 0(t1)
        bgt     a0, t2, 2b
        addi    s1, s1, 1
        j       2b
5:      mv      s3, a1
        la      a0, received_is
        call    print_str
        mv      a0, s0
        call    print_int
        la      a0, order_is
        call    print_str
        mv      a0, s1
        call    print_int
        la      a0, then_is
        call    print_str
        mv      a0, s3
        call    print_int
        call    print_newline
        la      s0, handles
        ld      a0, 0(s0)
        call    thread_join
        ld      a0, 8(s0)
        call    thread_join
        la      a0, channel
        call    channel_destroy
        mv      a0, s2
        addi    sp, sp, 16
        leave

        .globl  main
main:
        enter
        li      a0, 0
        call    transfer
        mv      s0, a0
        li      a0, 4
        call    transfer
        say     "ahead at most ", s0
        li      a0, 0
        leave
