# spin-or-block.asm - four threads take one lock by turns, hold it, and work as long again without it.
#
# Shows:  whether a thread that finds a lock held should spin or sleep depends on how long locks are held and on
#         whether the holder is running meanwhile.
# Try:    simrec lessons run spin-or-block
#         simrec lessons run preempted-waiter
#         simrec run examples/lessons/spin-or-block.asm spin 300 --harts 2
#
# Arguments: spin, ticket (spins, too, but is served in order) or block; how long the lock is held, in ticks.

        .equ    THREADS, 4
        .equ    ROUNDS, 20              # of each thread

        .data
        .align  6
lock:                                   # free for both kinds: 0
        .word   0, 0
        .align  6
take:                                   # the functions of the chosen kind
        .dword  0
give:
        .dword  0
hold:                                   # in ticks
        .dword  0
handles:
        .zero   8 * THREADS
done:
        .asciz  "done\n"
usage:
        .asciz  "give spin, ticket or block, and the ticks to hold the lock\n"

        .text

# work - lasts a0 ticks.
        .type   work, @function
work:
        addi    a0, a0, -2
        bgtz    a0, work
        ret

# worker - ROUNDS times: hold ticks with the lock, as many without.
        .type   worker, @function
worker:
        addi    sp, sp, -48
        sd      ra, 40(sp)
        sd      s0, 32(sp)
        sd      s1, 24(sp)
        sd      s2, 16(sp)
        sd      s3, 8(sp)
        la      t0, take
        ld      s1, 0(t0)
        ld      s2, 8(t0)
        ld      s3, 16(t0)
        li      s0, ROUNDS
1:      la      a0, lock
        jalr    s1
        mv      a0, s3
        call    work
        la      a0, lock
        jalr    s2
        mv      a0, s3
        call    work
        addi    s0, s0, -1
        bnez    s0, 1b
        ld      ra, 40(sp)
        ld      s0, 32(sp)
        ld      s1, 24(sp)
        ld      s2, 16(sp)
        ld      s3, 8(sp)
        addi    sp, sp, 48
        ret

# number - the decimal digits at a1 as a number.
number:
        li      a0, 0
        li      t1, 10
1:      lbu     t0, 0(a1)
        beqz    t0, 2f
        mul     a0, a0, t1
        add     a0, a0, t0
        addi    a0, a0, -'0'
        addi    a1, a1, 1
        j       1b
2:      ret

        .globl  main
main:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        li      t0, 3
        bne     a0, t0, unknown
        mv      s0, a1
        ld      t0, 8(s0)
        lbu     t0, 0(t0)               # s, t or b
        la      t1, spin_lock
        la      t2, spin_unlock
        li      t3, 's'
        beq     t0, t3, 1f
        la      t1, ticket_lock
        la      t2, ticket_unlock
        li      t3, 't'
        beq     t0, t3, 1f
        la      t1, mutex_lock
        la      t2, mutex_unlock
        li      t3, 'b'
        bne     t0, t3, unknown
1:      la      t0, take
        sd      t1, 0(t0)
        sd      t2, 8(t0)
        ld      a1, 16(s0)
        call    number
        la      t0, hold
        sd      a0, 0(t0)

        probe   begin, a0
        la      s0, handles
        li      s1, THREADS
1:      la      a0, worker
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
        probe   end, a0

        la      a0, done
        call    print_str
        li      a0, 0
        j       2f
unknown:
        la      a0, usage
        call    print_str
        li      a0, 2
2:      ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret
