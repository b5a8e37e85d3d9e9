# lock_counters.asm - four threads keep a counter and its copy equal, under each kind of lock in turn.
# expect: tas 1200
# expect: torn 0
# expect: test and tas 1200
# expect: torn 0
# expect: ticket 1200
# expect: torn 0
# expect: mcs 1200
# expect: torn 0
# expect: mutex 1200
# expect: torn 0
# expect: writers 1200
# expect: torn 0
# status: 0
        .include "common.inc"
        .equ    THREADS, 4
        .equ    ROUNDS, 300
        .data
        .align  3
take:   .dword  0                       # the functions of the lock whose turn it is
give:   .dword  0
lock:   .dword  0, 0
counter:
        .dword  0                       # lock protects counter and copy: equal outside of it
copy:   .dword  0
        .text

# worker - result: how often it saw counter and copy differ while it held the lock.
worker:
        enter
        li      s0, ROUNDS
        li      s1, 0
1:      la      a0, lock
        mv      a1, sp                  # a node, for mcs_lock
        ld      t2, take
        jalr    t2
        la      t0, counter
        la      t1, copy
        ld      t2, 0(t0)
        ld      t3, 0(t1)
        beq     t2, t3, 2f
        addi    s1, s1, 1
2:      addi    t2, t2, 1
        sd      t2, 0(t0)
        sd      t2, 0(t1)
        la      a0, lock
        mv      a1, sp
        ld      t2, give
        jalr    t2
        addi    s0, s0, -1
        bnez    s0, 1b
        mv      a0, s1
        leave

# try - with one kind of lock.
        .macro  try     text, taking, giving
        la      a0, \taking
        la      a1, \giving
        call    count
        mv      s0, a0
        ld      s1, counter
        say     "\text ", s1
        say     "torn ", s0
        .endm

# count - a0 = function that takes the lock, a1 = that gives it back; result: what was torn.
count:
        enter
        la      t0, take
        sd      a0, 0(t0)
        sd      a1, 8(t0)
        la      t0, lock
        sd      zero, 0(t0)
        sd      zero, 8(t0)
        sd      zero, 16(t0)
        sd      zero, 24(t0)
        la      a0, worker
        li      a1, THREADS
        call    run_threads
        leave

        .globl  main
main:
        enter
        try     "tas", tas_lock, tas_unlock
        try     "test and tas", spin_lock, spin_unlock
        try     "ticket", ticket_lock, ticket_unlock
        try     "mcs", mcs_lock, mcs_unlock
        try     "mutex", mutex_lock, mutex_unlock
        try     "writers", rw_write_lock, rw_write_unlock
        li      a0, 0
        leave
