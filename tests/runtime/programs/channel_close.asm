# channel_close.asm - closing: who waits for a receiver takes the value back and is told EPIPE; what is
# in a buffer can still be had.
# expect: sent -32
# expect: received -32
# expect: buffered 5
# expect: then -32
# status: 0
        .include "common.inc"
        .bss
        .align  3
channel:
        .zero   104
        .text
sender:
        enter
        la      a0, channel
        li      a1, 1
        call    channel_send
        leave

        .globl  main
main:
        enter
        la      s1, channel
        mv      a0, s1
        li      a1, 0
        call    channel_init
        la      a0, sender
        call    thread_create
        mv      s0, a0
1:      call    thread_yield
        ld      t0, 48(s1)              # values put in
        beqz    t0, 1b
        mv      a0, s1
        call    channel_close
        mv      a0, s0
        call    thread_join
        say     "sent ", a0
        mv      a0, s1
        call    channel_recv
        say     "received ", a1
        mv      a0, s1
        call    channel_destroy

        mv      a0, s1
        li      a1, 1
        call    channel_init
        mv      a0, s1
        li      a1, 5
        call    channel_send
        mv      a0, s1
        call    channel_close
        mv      a0, s1
        call    channel_recv
        say     "buffered ", a0
        mv      a0, s1
        call    channel_recv
        say     "then ", a1
        li      a0, 0
        leave
