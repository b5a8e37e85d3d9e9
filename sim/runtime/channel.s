# channel.s - a channel between threads and coroutines: values go in at one end, out at the other.
#
# Buffered, it holds up to `capacity` values that nobody has received yet. Unbuffered (capacity 0), a
# send returns only when its value was received. Any number may send and receive.
#
# A thread that has to wait sleeps. A coroutine does not let its thread sleep: it yields the channel's
# address to its resumer, which can go on with others, and tries again when it is resumed. Values
# pass between threads and coroutines alike.
#
# A channel is 104 bytes, aligned to 8:
#        0  lock      a mutex (mutex.s)
#        8  filled    a condition: there is a value (condition.s)
#       24  drained   a condition: a value was received
#       40  capacity  0: unbuffered
#       48  sent      values put in
#       56  received  values taken out
#       64  closed    1: no more are put in
#       72  values    pointer to a ring of words
#       80  room      words of the ring: the capacity, or 1
#       88  in        index of the word for the next value
#       96  out       index of the oldest value
#
# Protects: lock guards all other words. sent - received values are in the ring. A value that was
# received has all that its sender did before seen by the receiver.

        .equ    CHANNEL_FILLED, 8
        .equ    CHANNEL_DRAINED, 24
        .equ    CHANNEL_CAPACITY, 40
        .equ    CHANNEL_SENT, 48
        .equ    CHANNEL_RECEIVED, 56
        .equ    CHANNEL_CLOSED, 64
        .equ    CHANNEL_VALUES, 72
        .equ    CHANNEL_ROOM, 80
        .equ    CHANNEL_IN, 88
        .equ    CHANNEL_OUT, 96
        .equ    CHANNEL_SIZE, 104

        .equ    ERROR_NO_MEMORY, -12
        .equ    ERROR_INVALID, -22
        .equ    ERROR_CLOSED, -32

        .text
        .align  2

# channel_init - makes an open channel.
#
# In:       a0 = channel, a1 = capacity, 0..2^32-1; nobody else may use it yet.
# Result:   a0 = 0; -12 (ENOMEM): no memory for the values; -22 (EINVAL): no such capacity.
# Clobbers: a1-a3, a7, t0-t6.
        .globl  channel_init
channel_init:
        srli    t0, a1, 32
        bnez    t0, 2f
        mv      t0, a0
        addi    t1, a0, CHANNEL_SIZE
1:      sd      zero, 0(t0)             # a free mutex and two conditions, among others
        addi    t0, t0, 8
        bne     t0, t1, 1b
        sd      a1, CHANNEL_CAPACITY(a0)
        seqz    t0, a1
        add     a1, a1, t0
        sd      a1, CHANNEL_ROOM(a0)
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      a0, 0(sp)
        slli    a0, a1, 3
        call    malloc
        ld      t0, 0(sp)
        ld      ra, 8(sp)
        addi    sp, sp, 16
        sd      a0, CHANNEL_VALUES(t0)
        seqz    a0, a0
        neg     a0, a0
        andi    a0, a0, ERROR_NO_MEMORY
        ret
2:      li      a0, ERROR_INVALID
        ret

# channel_destroy - frees what channel_init took. Values that nobody received are lost.
#
# In:       a0 = channel; nobody uses it any more.
# Result:   none.
# Clobbers: a0-a3, a7, t0-t6.
        .globl  channel_destroy
channel_destroy:
        ld      t0, CHANNEL_VALUES(a0)
        sd      zero, CHANNEL_VALUES(a0)
        mv      a0, t0
        tail    free

# channel_send - puts a value in, waiting for room; unbuffered, for its receiver.
#
# In:       a0 = channel, a1 = value.
# Result:   a0 = 0; -32 (EPIPE): the channel is closed, nobody receives the value; -12 (ENOMEM): a
#           coroutine that has to wait cannot yield, nobody receives the value.
# Clobbers: a1-a7, t0-t6.
        .globl  channel_send
channel_send:
        addi    sp, sp, -48
        sd      ra, 40(sp)
        sd      s0, 32(sp)
        sd      s1, 24(sp)
        sd      s2, 16(sp)
        mv      s0, a0
        mv      s2, a1
        call    mutex_lock
1:      ld      t0, CHANNEL_CLOSED(s0)
        bnez    t0, .Lsend_closed
        ld      s1, CHANNEL_SENT(s0)
        ld      t0, CHANNEL_RECEIVED(s0)
        ld      t1, CHANNEL_ROOM(s0)
        sub     t0, s1, t0
        bltu    t0, t1, 2f
        addi    a0, s0, CHANNEL_DRAINED
        call    channel_pause
        beqz    a0, 1b
        j       .Lsend_failed

2:      addi    s1, s1, 1               # its number
        sd      s1, CHANNEL_SENT(s0)
        ld      t0, CHANNEL_IN(s0)
        ld      t2, CHANNEL_VALUES(s0)
        slli    t3, t0, 3
        add     t2, t2, t3
        sd      s2, 0(t2)
        addi    t0, t0, 1
        bltu    t0, t1, 3f
        li      t0, 0                   # round the ring
3:      sd      t0, CHANNEL_IN(s0)
        ld      t0, CHANNEL_CAPACITY(s0)
        beqz    t0, .Lsend_unbuffered
        mv      a0, s0
        call    mutex_unlock
        addi    a0, s0, CHANNEL_FILLED
        call    cond_signal
        li      a0, 0
        j       .Lsend_done

.Lsend_unbuffered:
        addi    a0, s0, CHANNEL_FILLED
        call    cond_signal
4:      ld      t0, CHANNEL_RECEIVED(s0)
        sub     t0, t0, s1
        li      a0, 0
        bgez    t0, .Lsend_failed       # received: no failure
        li      a0, ERROR_CLOSED
        ld      t1, CHANNEL_CLOSED(s0)
        bnez    t1, 5f
        addi    a0, s0, CHANNEL_DRAINED
        call    channel_pause
        beqz    a0, 4b
5:      addi    s1, s1, -1              # the one value in the ring of one word is taken back
        sd      s1, CHANNEL_SENT(s0)
        j       .Lsend_failed

.Lsend_closed:
        li      a0, ERROR_CLOSED
.Lsend_failed:
        mv      s1, a0
        mv      a0, s0
        call    mutex_unlock
        mv      a0, s1
.Lsend_done:
        ld      ra, 40(sp)
        ld      s0, 32(sp)
        ld      s1, 24(sp)
        ld      s2, 16(sp)
        addi    sp, sp, 48
        ret

# channel_recv - takes the oldest value out, waiting until there is one.
#
# In:       a0 = channel.
# Result:   a0 = value, a1 = 0; or a1 = -32 (EPIPE): the channel is closed and empty; -12 (ENOMEM): a
#           coroutine that has to wait cannot yield.
# Clobbers: a2-a7, t0-t6.
        .globl  channel_recv
channel_recv:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        mv      s0, a0
        call    mutex_lock
1:      ld      t0, CHANNEL_SENT(s0)
        ld      t1, CHANNEL_RECEIVED(s0)
        bne     t0, t1, 2f
        li      a0, ERROR_CLOSED
        ld      t0, CHANNEL_CLOSED(s0)
        bnez    t0, 5f
        addi    a0, s0, CHANNEL_FILLED
        call    channel_pause
        beqz    a0, 1b
5:      mv      s1, a0
        mv      a0, s0
        call    mutex_unlock
        li      a0, 0
        mv      a1, s1
        j       6f

2:      addi    t1, t1, 1
        sd      t1, CHANNEL_RECEIVED(s0)
        ld      t0, CHANNEL_OUT(s0)
        ld      t1, CHANNEL_ROOM(s0)
        ld      t2, CHANNEL_VALUES(s0)
        slli    t3, t0, 3
        add     t2, t2, t3
        ld      s1, 0(t2)
        addi    t0, t0, 1
        bltu    t0, t1, 3f
        li      t0, 0                   # round the ring
3:      sd      t0, CHANNEL_OUT(s0)
        mv      a0, s0
        call    mutex_unlock
        addi    a0, s0, CHANNEL_DRAINED
        ld      t0, CHANNEL_CAPACITY(s0)
        bnez    t0, 4f
        call    cond_broadcast          # unbuffered: its sender waits there, and the next ones
        j       5f
4:      call    cond_signal
5:      mv      a0, s1
        li      a1, 0
6:      ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret

# channel_pause - waits for a change: a thread asleep, a coroutine suspended.
#
# In:       a0 = condition, s0 = channel; the caller holds lock.
# Result:   a0 = 0: go and see; -12 (ENOMEM): a coroutine could not yield. The caller holds lock.
# Clobbers: a1-a7, t0-t6.
channel_pause:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s1, 0(sp)
        li      s1, 0
        mv      a1, a0
        call    coroutine_self
        bnez    a0, 1f
        mv      a0, a1
        mv      a1, s0
        call    cond_wait
        j       2f
1:      mv      a0, s0
        call    mutex_unlock
        mv      a0, s0
        call    coroutine_yield
        mv      s1, a1
        mv      a0, s0
        call    mutex_lock
2:      mv      a0, s1
        ld      ra, 8(sp)
        ld      s1, 0(sp)
        addi    sp, sp, 16
        ret

# channel_close - no more values are put in. Who waits to send is told; who waits to receive gets what
# is left in the buffer and is told then. Closing a closed channel does nothing more.
#
# In:       a0 = channel.
# Result:   none.
# Clobbers: a0-a5, a7, t0-t3.
        .globl  channel_close
channel_close:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        mv      s0, a0
        call    mutex_lock
        li      t0, 1
        sd      t0, CHANNEL_CLOSED(s0)
        mv      a0, s0
        call    mutex_unlock
        addi    a0, s0, CHANNEL_FILLED
        call    cond_broadcast
        addi    a0, s0, CHANNEL_DRAINED
        call    cond_broadcast
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret
