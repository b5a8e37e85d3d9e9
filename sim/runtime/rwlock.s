# rwlock.s - a read-write lock on futexes: readers together, writers alone, writers first.
#
# A lock is 16 bytes, aligned to 4:
#        0  state            32 bits: 2 for each reader that holds it, 1 more while a writer waits; all
#                            ones while a writer holds it; the futex word that readers sleep on
#        4  turn             32 bits: counts the times that a writer was woken; the futex word that
#                            writers sleep on
#        8  waiting readers  32 bits: in rw_read_lock's slow path
#       12  waiting writers  32 bits: in rw_write_lock's slow path
#
# Writers first: while a writer waits, new readers wait behind it, and a writer that releases the
# lock leaves it to the next writer. So writers that keep coming starve readers; readers never
# starve a writer. Without contention each call is one atomic update and no system call. Not
# recursive: a reader that reads again while a writer waits deadlocks. A reader that becomes a
# writer has to release first.
#
# Protects: all words are changed by atomics only. What a writer wrote is seen by who comes next,
# what readers read is read before the next writer writes. Whoever is going to sleep counts itself
# as waiting, then looks at state; whoever releases changes state, then looks at who waits; all of
# it .aqrl, so at least one of the two sees the other, and no wake-up is lost.

        .equ    RW_TURN, 4
        .equ    RW_READERS, 8
        .equ    RW_WRITERS, 12

        .equ    READER, 2
        .equ    WRITER_WAITS, 1
        .equ    WRITTEN, -1

        .equ    SYS_FUTEX, 98
        .equ    FUTEX_WAIT, 0
        .equ    FUTEX_WAKE, 1
        .equ    ALL, 0x7fffffff
        .equ    ERROR_BUSY, -16

        .text
        .align  2

# rw_init - makes a free read-write lock. Zeros (.bss) are one already.
#
# In:       a0 = lock; nobody else may use it yet.
# Result:   none.
# Clobbers: nothing.
        .globl  rw_init
rw_init:
        sw      zero, 0(a0)
        sw      zero, RW_TURN(a0)
        sw      zero, RW_READERS(a0)
        sw      zero, RW_WRITERS(a0)
        ret

# rw_read_lock - takes the lock for reading, sleeping while a writer has it or waits for it.
#
# In:       a0 = lock.
# Result:   none; the caller holds the lock, with other readers.
# Clobbers: a0-a3, a7, t0-t4.
        .globl  rw_read_lock
rw_read_lock:
1:      lr.w.aq t0, (a0)
        andi    t1, t0, WRITER_WAITS    # set in WRITTEN, too
        bnez    t1, 2f
        addi    t1, t0, READER
        sc.w    t2, t1, (a0)
        bnez    t2, 1b
        ret

2:      mv      t3, a0
        addi    t4, a0, RW_READERS
        li      t1, 1
        amoadd.w.aqrl zero, t1, (t4)
3:      lr.w.aqrl t0, (t3)
        andi    t1, t0, WRITER_WAITS
        bnez    t1, 4f
        addi    t1, t0, READER
        sc.w    t2, t1, (t3)
        bnez    t2, 3b
        li      t1, -1
        amoadd.w.aqrl zero, t1, (t4)
        ret
4:      mv      a0, t3
        li      a1, FUTEX_WAIT
        mv      a2, t0                  # sleeps only if nothing has changed since
        li      a3, 0                   # no timeout
        li      a7, SYS_FUTEX
        ecall
        j       3b

# rw_read_trylock - takes the lock for reading if no writer has it or waits for it.
#
# In:       a0 = lock.
# Result:   a0 = 0: the caller holds it; -16 (EBUSY): a writer has it or waits.
# Clobbers: t0-t2.
        .globl  rw_read_trylock
rw_read_trylock:
1:      lr.w.aq t0, (a0)
        andi    t1, t0, WRITER_WAITS
        bnez    t1, 2f
        addi    t1, t0, READER
        sc.w    t2, t1, (a0)
        bnez    t2, 1b
        li      a0, 0
        ret
2:      li      a0, ERROR_BUSY
        ret

# rw_read_unlock - gives up reading; the last reader wakes a writer that waits.
#
# In:       a0 = lock, held by the caller for reading.
# Result:   none.
# Clobbers: a0-a2, a7, t0, t1.
        .globl  rw_read_unlock
rw_read_unlock:
        li      t1, -READER
        amoadd.w.aqrl t0, t1, (a0)
        li      t1, READER + WRITER_WAITS
        beq     t0, t1, wake_writer
        ret

# wake_writer - lets one waiting writer try.
#
# In:       a0 = lock.
# Clobbers: a0-a2, a7, t1.
wake_writer:
        addi    a0, a0, RW_TURN
        li      t1, 1
        amoadd.w.aqrl zero, t1, (a0)    # one that is about to sleep won't
        li      a1, FUTEX_WAKE
        li      a2, 1
        li      a7, SYS_FUTEX
        ecall
        ret

# rw_write_lock - takes the lock for writing, sleeping until nobody else has it.
#
# In:       a0 = lock.
# Result:   none; the caller holds the lock, alone.
# Clobbers: a0-a3, a7, t0-t5.
        .globl  rw_write_lock
rw_write_lock:
        li      t3, WRITTEN
1:      lr.w.aq t0, (a0)
        bnez    t0, 2f
        sc.w    t2, t3, (a0)
        bnez    t2, 1b
        ret

2:      mv      t5, a0
        addi    t4, a0, RW_WRITERS
        li      t1, 1
        amoadd.w.aqrl zero, t1, (t4)
3:      lr.w.aqrl t0, (t5)
        sltiu   t1, t0, READER
        beqz    t1, 4f
        sc.w    t2, t3, (t5)            # nobody has it: 0, or 1 left for a writer
        bnez    t2, 3b
        li      t1, -1
        amoadd.w.aqrl zero, t1, (t4)
        ret
4:      andi    t1, t0, WRITER_WAITS
        bnez    t1, 5f
        addi    t1, t0, WRITER_WAITS    # keeps new readers out
        sc.w    t2, t1, (t5)
        j       3b

# The mark is set; it goes away only when a writer takes the lock, and turn changes after that, when
# the lock is released. So if turn is read first and the mark is still there, sleeping on this turn
# misses nothing.
5:      lw      a2, RW_TURN(t5)
        fence   r, r
        lw      t0, 0(t5)
        andi    t1, t0, WRITER_WAITS
        beqz    t1, 3b
        sltiu   t1, t0, READER
        bnez    t1, 3b
        addi    a0, t5, RW_TURN
        li      a1, FUTEX_WAIT
        li      a3, 0                   # no timeout
        li      a7, SYS_FUTEX
        ecall
        j       3b

# rw_write_trylock - takes the lock for writing if nobody has it or waits for it to write.
#
# In:       a0 = lock.
# Result:   a0 = 0: the caller holds it; -16 (EBUSY): it isn't free.
# Clobbers: t0-t2.
        .globl  rw_write_trylock
rw_write_trylock:
        li      t1, WRITTEN
1:      lr.w.aq t0, (a0)
        bnez    t0, 2f
        sc.w    t2, t1, (a0)
        bnez    t2, 1b
        li      a0, 0
        ret
2:      li      a0, ERROR_BUSY
        ret

# rw_write_unlock - releases the lock to a writer that waits, else to all readers.
#
# In:       a0 = lock, held by the caller for writing.
# Result:   none.
# Clobbers: a0-a2, a7, t0, t1.
        .globl  rw_write_unlock
rw_write_unlock:
        lw      t0, RW_WRITERS(a0)
        snez    t0, t0                  # the mark stays: no reader gets in before that writer
        amoswap.w.aqrl zero, t0, (a0)
        lw      t1, RW_WRITERS(a0)
        bnez    t1, wake_writer         # also one that has come just now
        bnez    t0, 2f
1:      lw      t1, RW_READERS(a0)
        beqz    t1, 2f
        li      a1, FUTEX_WAKE
        li      a2, ALL
        li      a7, SYS_FUTEX
        ecall
2:      ret
