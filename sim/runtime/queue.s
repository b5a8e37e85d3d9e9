# queue.s - a bounded queue between threads: first in, first out; full, it makes producers wait.
#
# A queue is 80 bytes, aligned to 8; the items, 64 bits each, are on the heap:
#        0  lock       a mutex (mutex.s)
#        8  not empty  a condition that consumers wait for (condition.s)
#       24  not full   a condition that producers wait for
#       40  capacity   items at most
#       48  count      items in it
#       56  first      index of the oldest item
#       64  closed     1: nothing more is put in
#       72  items      pointer to `capacity` words, used in a ring
#
# So `simrec contention` shows who waits for items at queue+8, and who for room at queue+24.
#
# Protects: lock guards all other words. An item that was put in has all its producer did before
# seen by the consumer that gets it.

        .equ    QUEUE_NOT_EMPTY, 8
        .equ    QUEUE_NOT_FULL, 24
        .equ    QUEUE_CAPACITY, 40
        .equ    QUEUE_COUNT, 48
        .equ    QUEUE_FIRST, 56
        .equ    QUEUE_CLOSED, 64
        .equ    QUEUE_ITEMS, 72
        .equ    QUEUE_SIZE, 80

        .equ    ERROR_AGAIN, -11
        .equ    ERROR_NO_MEMORY, -12
        .equ    ERROR_INVALID, -22
        .equ    ERROR_CLOSED, -32

        .text
        .align  2

# queue_init - makes an empty queue.
#
# In:       a0 = queue, a1 = capacity, 1..2^32-1 items; nobody else may use it yet.
# Result:   a0 = 0; -12 (ENOMEM): no memory for the items; -22 (EINVAL): no such capacity.
# Clobbers: a1-a3, a7, t0-t6.
        .globl  queue_init
queue_init:
        srli    t0, a1, 32
        bnez    t0, 2f
        beqz    a1, 2f
        mv      t0, a0
        addi    t1, a0, QUEUE_SIZE
1:      sd      zero, 0(t0)             # a free mutex and two conditions, among others
        addi    t0, t0, 8
        bne     t0, t1, 1b
        sd      a1, QUEUE_CAPACITY(a0)
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      a0, 0(sp)
        slli    a0, a1, 3
        call    malloc
        ld      t0, 0(sp)
        ld      ra, 8(sp)
        addi    sp, sp, 16
        sd      a0, QUEUE_ITEMS(t0)
        seqz    a0, a0
        neg     a0, a0
        andi    a0, a0, ERROR_NO_MEMORY
        ret
2:      li      a0, ERROR_INVALID
        ret

# queue_destroy - frees what queue_init took. What is still in the queue is lost.
#
# In:       a0 = queue; nobody uses it any more.
# Result:   none.
# Clobbers: a0-a3, a7, t0-t6.
        .globl  queue_destroy
queue_destroy:
        ld      t0, QUEUE_ITEMS(a0)
        sd      zero, QUEUE_ITEMS(a0)
        mv      a0, t0
        tail    free

# queue_put - adds an item, sleeping while the queue is full.
#
# In:       a0 = queue, a1 = item.
# Result:   a0 = 0; -32 (EPIPE): the queue is closed, the item isn't in it.
# Clobbers: a1-a3, a7, t0-t3.
        .globl  queue_put
queue_put:
        li      a2, 1                   # and on into queue_add

# queue_add - queue_put and queue_try_put.
#
# In:       a0 = queue, a1 = item, a2 = whether to wait for room.
queue_add:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      a1, 8(sp)
        sd      a2, 0(sp)
        mv      s0, a0
        call    mutex_lock
1:      ld      t0, QUEUE_CLOSED(s0)
        bnez    t0, .Lclosed
        ld      t0, QUEUE_COUNT(s0)
        ld      t1, QUEUE_CAPACITY(s0)
        bltu    t0, t1, 2f
        ld      t0, 0(sp)
        beqz    t0, .Lagain
        addi    a0, s0, QUEUE_NOT_FULL
        mv      a1, s0
        call    cond_wait
        j       1b

2:      ld      t2, QUEUE_FIRST(s0)
        addi    t3, t0, 1
        sd      t3, QUEUE_COUNT(s0)
        add     t2, t2, t0
        bltu    t2, t1, 3f
        sub     t2, t2, t1              # round the ring
3:      slli    t2, t2, 3
        ld      t0, QUEUE_ITEMS(s0)
        ld      t1, 8(sp)
        add     t0, t0, t2
        sd      t1, 0(t0)
        mv      a0, s0
        call    mutex_unlock
        addi    a0, s0, QUEUE_NOT_EMPTY
        call    cond_signal
        li      a0, 0
        j       .Lput_done

.Lclosed:
        li      t0, ERROR_CLOSED
        j       4f
.Lagain:
        li      t0, ERROR_AGAIN
4:      sd      t0, 0(sp)
        mv      a0, s0
        call    mutex_unlock
        ld      a0, 0(sp)
.Lput_done:
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        addi    sp, sp, 32
        ret

# queue_try_put - adds an item if there is room, without waiting for it.
#
# In:       a0 = queue, a1 = item.
# Result:   a0 = 0; -11 (EAGAIN): the queue is full; -32 (EPIPE): it is closed.
# Clobbers: a1-a3, a7, t0-t3.
        .globl  queue_try_put
queue_try_put:
        li      a2, 0
        j       queue_add

# queue_get - takes the oldest item, sleeping while the queue is empty.
#
# In:       a0 = queue.
# Result:   a0 = item, a1 = 0; or a1 = -32 (EPIPE): the queue is closed and empty.
# Clobbers: a2, a3, a7, t0-t3.
        .globl  queue_get
queue_get:
        li      a1, 1                   # and on into queue_take

# queue_take - queue_get and queue_try_get.
#
# In:       a0 = queue, a1 = whether to wait for an item.
queue_take:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      a1, 8(sp)
        mv      s0, a0
        call    mutex_lock
1:      ld      t0, QUEUE_COUNT(s0)
        bnez    t0, 2f
        li      t1, ERROR_CLOSED
        ld      t0, QUEUE_CLOSED(s0)
        bnez    t0, 4f
        li      t1, ERROR_AGAIN
        ld      t0, 8(sp)
        beqz    t0, 4f
        addi    a0, s0, QUEUE_NOT_EMPTY
        mv      a1, s0
        call    cond_wait
        j       1b

2:      addi    t0, t0, -1
        sd      t0, QUEUE_COUNT(s0)
        ld      t1, QUEUE_FIRST(s0)
        ld      t2, QUEUE_ITEMS(s0)
        slli    t3, t1, 3
        add     t2, t2, t3
        ld      t3, 0(t2)
        sd      t3, 8(sp)
        addi    t1, t1, 1
        ld      t2, QUEUE_CAPACITY(s0)
        bltu    t1, t2, 3f
        li      t1, 0                   # round the ring
3:      sd      t1, QUEUE_FIRST(s0)
        mv      a0, s0
        call    mutex_unlock
        addi    a0, s0, QUEUE_NOT_FULL
        call    cond_signal
        ld      a0, 8(sp)
        li      a1, 0
        j       5f

4:      sd      t1, 8(sp)
        mv      a0, s0
        call    mutex_unlock
        li      a0, 0
        ld      a1, 8(sp)
5:      ld      ra, 24(sp)
        ld      s0, 16(sp)
        addi    sp, sp, 32
        ret

# queue_try_get - takes the oldest item if there is one, without waiting for it.
#
# In:       a0 = queue.
# Result:   a0 = item, a1 = 0; or a1 = -11 (EAGAIN): the queue is empty; -32 (EPIPE): and closed.
# Clobbers: a2, a3, a7, t0-t3.
        .globl  queue_try_get
queue_try_get:
        li      a1, 0
        j       queue_take

# queue_close - nothing more is put in; who waits for room is told, who waits for items gets the
# rest of them and is told then. Closing a closed queue does nothing more.
#
# In:       a0 = queue.
# Result:   none.
# Clobbers: a0-a5, a7, t0-t3.
        .globl  queue_close
queue_close:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        mv      s0, a0
        call    mutex_lock
        li      t0, 1
        sd      t0, QUEUE_CLOSED(s0)
        mv      a0, s0
        call    mutex_unlock
        addi    a0, s0, QUEUE_NOT_EMPTY
        call    cond_broadcast
        addi    a0, s0, QUEUE_NOT_FULL
        call    cond_broadcast
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret
