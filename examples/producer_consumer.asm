# producer_consumer.asm - two producers and two consumers share a bounded buffer.
#
# Shows:  two semaphores that count free and filled slots, and a mutex for the two indices. A full
#         buffer puts producers to sleep, an empty one consumers.
# Try:    simrec run examples/producer_consumer.asm
#         simrec contention               who waits longer, producers or consumers?
#         make SLOTS 1, then 64, and compare the context switches in `simrec stats`

        .equ    SLOTS, 4                # a power of two
        .equ    PRODUCERS, 2
        .equ    CONSUMERS, 2
        .equ    ITEMS_EACH, 50          # that one producer makes and one consumer takes

        .data
        .align  3
buffer:
        .zero   8 * SLOTS
buffer_head:                            # items put in so far; buffer_lock protects it
        .dword  0
buffer_tail:                            # items taken out so far; buffer_lock protects it
        .dword  0
buffer_lock:
        .word   0, 0
free_slots:                             # a semaphore: count, waiters
        .word   SLOTS, 0
filled_slots:
        .word   0, 0
handles:
        .zero   8 * (PRODUCERS + CONSUMERS)
consumed:
        .asciz  "consumed "
items_sum:
        .asciz  " items, sum = "

        .text

# producer - puts first, first + 1, ..., first + ITEMS_EACH - 1 into the buffer.
#
# In:       a0 = first.
producer:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        mv      s0, a0                  # the item
        addi    s1, a0, ITEMS_EACH
produce_item:
        la      a0, free_slots
        call    sem_wait                # sleeps while the buffer is full
        la      a0, buffer_lock
        call    mutex_lock
        la      t0, buffer_head
        ld      t1, 0(t0)
        addi    t2, t1, 1
        sd      t2, 0(t0)
        andi    t1, t1, SLOTS - 1
        slli    t1, t1, 3
        la      t0, buffer
        add     t0, t0, t1
        sd      s0, 0(t0)
        la      a0, buffer_lock
        call    mutex_unlock
        la      a0, filled_slots
        call    sem_post
        addi    s0, s0, 1
        bne     s0, s1, produce_item
        li      a0, 0
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret

# consumer - takes ITEMS_EACH items out of the buffer.
#
# Result:   a0 = their sum.
consumer:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        li      s0, ITEMS_EACH
        li      s1, 0
consume_item:
        la      a0, filled_slots
        call    sem_wait                # sleeps while the buffer is empty
        la      a0, buffer_lock
        call    mutex_lock
        la      t0, buffer_tail
        ld      t1, 0(t0)
        addi    t2, t1, 1
        sd      t2, 0(t0)
        andi    t1, t1, SLOTS - 1
        slli    t1, t1, 3
        la      t0, buffer
        add     t0, t0, t1
        ld      t1, 0(t0)
        add     s1, s1, t1
        la      a0, buffer_lock
        call    mutex_unlock
        la      a0, free_slots
        call    sem_post
        addi    s0, s0, -1
        bnez    s0, consume_item
        mv      a0, s1
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret

        .globl  main
main:
        addi    sp, sp, -48
        sd      ra, 40(sp)
        sd      s0, 32(sp)
        sd      s1, 24(sp)
        sd      s2, 16(sp)

        la      s0, handles
        li      s1, PRODUCERS
        li      s2, 1                   # the first item of the next producer
create_producers:
        la      a0, producer
        mv      a1, s2
        call    thread_create
        sd      a0, 0(s0)
        addi    s0, s0, 8
        addi    s2, s2, ITEMS_EACH
        addi    s1, s1, -1
        bnez    s1, create_producers

        li      s1, CONSUMERS
create_consumers:
        la      a0, consumer
        li      a1, 0
        call    thread_create
        sd      a0, 0(s0)
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, create_consumers

        la      s0, handles
        li      s1, PRODUCERS + CONSUMERS
        li      s2, 0                   # producers give 0, consumers their sums
join_threads:
        ld      a0, 0(s0)
        call    thread_join
        add     s2, s2, a0
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, join_threads

        la      a0, consumed
        call    print_str
        la      t0, buffer_tail
        ld      a0, 0(t0)
        call    print_int
        la      a0, items_sum
        call    print_str
        mv      a0, s2
        call    print_int
        call    print_newline

        li      a0, 0
        ld      ra, 40(sp)
        ld      s0, 32(sp)
        ld      s1, 24(sp)
        ld      s2, 16(sp)
        addi    sp, sp, 48
        ret
