# queue_many.asm - three producers and three consumers at a queue of two: every item comes out once, and
# each producer's items in the order in which it put them in.
# expect: items 150
# expect: missing 0
# expect: out of order 0
# status: 0
        .include "common.inc"
        .equ    PRODUCERS, 3
        .equ    CONSUMERS, 3
        .equ    ITEMS_EACH, 50
        .bss
        .align  3
queue:  .zero   80
producing:
        .zero   8                       # atomic: producers that have not ended
seen:   .zero   PRODUCERS * ITEMS_EACH  # atomic bytes would be needed if an item came twice
wrong:  .zero   8                       # atomic: items out of order
        .text

# worker - a0 = its number: the first ones produce, the last of them closes. Result: items consumed.
worker:
        enter
        li      t0, PRODUCERS
        bgeu    a0, t0, consumer
        li      s1, ITEMS_EACH
        mul     s0, a0, s1              # its first item
        add     s1, s1, s0
1:      la      a0, queue
        mv      a1, s0
        call    queue_put
        addi    s0, s0, 1
        bne     s0, s1, 1b
        la      t0, producing
        li      t1, -1
        amoadd.d.aqrl t0, t1, (t0)
        li      t1, 1
        bne     t0, t1, 2f
        la      a0, queue
        call    queue_close
2:      li      a0, 0
        leave

consumer:
        addi    sp, sp, -32
        li      t0, -1
        sd      t0, 0(sp)               # the last item of each producer
        sd      t0, 8(sp)
        sd      t0, 16(sp)
        li      s0, 0
3:      la      a0, queue
        call    queue_get
        bnez    a1, 5f
        addi    s0, s0, 1
        la      t0, seen
        add     t0, t0, a0
        lbu     t1, 0(t0)
        addi    t1, t1, 1
        sb      t1, 0(t0)
        li      t1, ITEMS_EACH
        divu    t1, a0, t1
        slli    t1, t1, 3
        add     t1, t1, sp
        ld      t2, 0(t1)
        sd      a0, 0(t1)
        bgt     a0, t2, 3b
        la      t0, wrong
        li      t1, 1
        amoadd.d.aqrl zero, t1, (t0)
        j       3b
5:      mv      a0, s0
        addi    sp, sp, 32
        leave

        .globl  main
main:
        enter
        la      a0, queue
        li      a1, 2
        call    queue_init
        li      t1, PRODUCERS
        la      t0, producing
        sd      t1, 0(t0)
        la      a0, worker
        li      a1, PRODUCERS + CONSUMERS
        call    run_threads
        say     "items ", a0
        la      t0, seen
        li      t1, PRODUCERS * ITEMS_EACH
        li      s0, 0
1:      lbu     t2, 0(t0)
        addi    t2, t2, -1
        snez    t2, t2
        add     s0, s0, t2
        addi    t0, t0, 1
        addi    t1, t1, -1
        bnez    t1, 1b
        say     "missing ", s0
        ld      s0, wrong
        say     "out of order ", s0
        li      a0, 0
        leave
