# thread-safety.asm - four threads add 1 to one counter, in seven ways; the argument says which.
#
# Shows:  which ways of counting are right whatever the interleaving, and what each costs.
# Try:    simrec lessons run thread-safety
#         simrec run examples/lessons/thread-safety.asm mutex
#         simrec run --define ROUNDS=1000 examples/lessons/thread-safety.asm none

        .ifndef THREADS
        .equ    THREADS, 4
        .endif
        .ifndef ROUNDS
        .equ    ROUNDS, 200             # additions of one thread
        .endif

        .data
        .align  6                       # a cache line each: what is measured is not false sharing
counter:
        .dword  0
        .align  6
lock:                                   # for the mutex and the spinlock, whose free state is 0
        .word   0, 0
        .align  6
unit:                                   # a semaphore with one unit
        .word   1, 0
        .align  6
handles:
        .zero   8 * THREADS
ways:                                   # name, worker
        .dword  name_none, none
        .dword  name_local, local
        .dword  name_amo, amo
        .dword  name_lrsc, lrsc
        .dword  name_mutex, mutex
        .dword  name_spin, spin
        .dword  name_semaphore, semaphore
ways_end:
name_none:
        .asciz  "none"
name_local:
        .asciz  "local"
name_amo:
        .asciz  "amo"
name_lrsc:
        .asciz  "lrsc"
name_mutex:
        .asciz  "mutex"
name_spin:
        .asciz  "spin"
name_semaphore:
        .asciz  "semaphore"
usage:
        .asciz  "give one of none, local, amo, lrsc, mutex, spin, semaphore\n"
counter_is:
        .asciz  "counter = "

        .text

# none - load, add, store: another thread's store in between is overwritten.
        .type   none, @function
none:
        la      t0, counter
        li      t1, ROUNDS
1:      ld      t2, 0(t0)
        addi    t2, t2, 1
        sd      t2, 0(t0)
        addi    t1, t1, -1
        bnez    t1, 1b
        ret

# local - counts in a register that no other thread has, and adds the sum once.
        .type   local, @function
local:
        li      t1, ROUNDS
        li      t2, 0
1:      addi    t2, t2, 1
        addi    t1, t1, -1
        bnez    t1, 1b
        la      t0, counter
        amoadd.d zero, t2, (t0)
        ret

# amo - one instruction that nothing comes between.
        .type   amo, @function
amo:
        la      t0, counter
        li      t1, ROUNDS
        li      t2, 1
1:      amoadd.d zero, t2, (t0)
        addi    t1, t1, -1
        bnez    t1, 1b
        ret

# lrsc - load, add, and store only if nobody has stored since; else again.
        .type   lrsc, @function
lrsc:
        la      t0, counter
        li      t1, ROUNDS
1:      lr.d    t2, (t0)
        addi    t2, t2, 1
        sc.d    t3, t2, (t0)
        bnez    t3, 1b
        addi    t1, t1, -1
        bnez    t1, 1b
        ret

# guarded - load, add, store, between a function that takes the lock and one that gives it back.
        .macro  guarded name, take, give, of
        .type   \name, @function
\name:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        li      s0, ROUNDS
1:      la      a0, \of
        call    \take
        la      t0, counter
        ld      t1, 0(t0)
        addi    t1, t1, 1
        sd      t1, 0(t0)
        la      a0, \of
        call    \give
        addi    s0, s0, -1
        bnez    s0, 1b
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret
        .endm

        guarded mutex, mutex_lock, mutex_unlock, lock
        guarded spin, spin_lock, spin_unlock, lock
        guarded semaphore, sem_wait, sem_post, unit

# chosen - the worker of the way that the first argument names.
#
# In:       a0 = argc, a1 = argv.
# Result:   a0 = worker, or 0.
chosen:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        li      t0, 2
        blt     a0, t0, 3f
        ld      s0, 8(a1)
        la      s1, ways
1:      mv      a0, s0
        ld      a1, 0(s1)
        call    strcmp
        beqz    a0, 2f
        addi    s1, s1, 16
        la      t0, ways_end
        bne     s1, t0, 1b
3:      li      a0, 0
        j       4f
2:      ld      a0, 8(s1)
4:      ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret

        .globl  main
main:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        sd      s2, 0(sp)
        call    chosen
        beqz    a0, unknown
        mv      s2, a0

        probe   begin, zero
        la      s0, handles
        li      s1, THREADS
1:      mv      a0, s2
        li      a1, 0
        call    thread_create
        sd      a0, 0(s0)
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, 1b
        la      s0, handles
        li      s1, THREADS
1:      ld      a0, 0(s0)
        call    thread_join
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, 1b
        la      t0, counter
        ld      s0, 0(t0)
        probe   answer, s0

        la      a0, counter_is
        call    print_str
        mv      a0, s0
        call    print_int
        call    print_newline
        li      a0, 0
        j       2f
unknown:
        la      a0, usage
        call    print_str
        li      a0, 2
2:      ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        ld      s2, 0(sp)
        addi    sp, sp, 32
        ret
