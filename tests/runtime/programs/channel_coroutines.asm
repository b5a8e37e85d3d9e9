# channel_coroutines.asm - a coroutine sends to another one over an unbuffered channel, that one to a
# thread over a buffered one; main resumes both in turn. Each yields the channel that it waits for.
# expect: sum 420
# expect: yielded something else 0
# status: 0
        .include "common.inc"
        .equ    VALUES, 20
        .bss
        .align  3
first:  .zero   104
second: .zero   104
        .text

# source - sends 2, 4, ..., 2 * VALUES and closes.
source:
        enter
        li      s0, 1
1:      la      a0, first
        slli    a1, s0, 1
        call    channel_send
        addi    s0, s0, 1
        li      t0, VALUES
        bleu    s0, t0, 1b
        la      a0, first
        call    channel_close
        li      a0, 0
        leave

# relay - passes everything on.
relay:
        enter
1:      la      a0, first
        call    channel_recv
        bnez    a1, 2f
        mv      a1, a0
        la      a0, second
        call    channel_send
        j       1b
2:      la      a0, second
        call    channel_close
        li      a0, 0
        leave

# sink - a thread. Result: the sum of what comes.
sink:
        enter
        li      s0, 0
1:      la      a0, second
        call    channel_recv
        bnez    a1, 2f
        add     s0, s0, a0
        j       1b
2:      mv      a0, s0
        leave

        .globl  main
main:
        enter
        la      a0, first
        li      a1, 0
        call    channel_init
        la      a0, second
        li      a1, 2
        call    channel_init
        la      a0, sink
        call    thread_create
        mv      s0, a0
        la      a0, source
        call    coroutine_create
        mv      s1, a0
        la      a0, relay
        call    coroutine_create
        mv      s2, a0
        li      s3, 0                   # yields of something else
        li      s4, 1                   # whether one of them goes on
        la      s5, first
        la      s6, second
1:      mv      a0, s1
        call    coroutine_resume
        mv      s4, a1
        beqz    a1, 2f
        sub     a0, a0, s5
        snez    a0, a0
        add     s3, s3, a0
2:      mv      a0, s2
        call    coroutine_resume
        or      s4, s4, a1
        beqz    a1, 3f
        beq     a0, s5, 3f
        sub     a0, a0, s6
        snez    a0, a0
        add     s3, s3, a0
3:      call    thread_yield
        bnez    s4, 1b
        mv      a0, s0
        call    thread_join
        say     "sum ", a0
        say     "yielded something else ", s3
        mv      a0, s1
        call    coroutine_destroy
        mv      a0, s2
        call    coroutine_destroy
        li      a0, 0
        leave
