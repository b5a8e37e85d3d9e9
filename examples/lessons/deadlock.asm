# deadlock.asm - three threads, three accounts: each thread moves money from its account to the next one.
#
# Shows:  a deadlock needs a circle of threads that each hold a lock and want the next one's. Taking locks in one
#         order for all, or giving back what one holds when the next lock isn't free, makes no circle.
# Try:    simrec lessons run deadlock
#         simrec run examples/lessons/deadlock.asm circle --seed 2
#
# Argument: circle  - each takes the lock of its own account, then the next one's
#           ordered - the lock of the lower number first
#           retry   - its own, then tries the next one's; if that is taken, gives back its own and begins again
#           backoff - the same, but waits a while before it begins again, each thread another while

        .equ    THREADS, 3
        .equ    ROUNDS, 20              # transfers of one thread
        .equ    ACCOUNT, 64             # bytes: a cache line each
        .equ    BALANCE, 8              # offset behind the lock

        .data
        .align  6
alice:                                  # lock, waiters; balance
        .word   0, 0
        .dword  100
        .zero   ACCOUNT - 16
bob:
        .word   0, 0
        .dword  100
        .zero   ACCOUNT - 16
carol:
        .word   0, 0
        .dword  100
        .zero   ACCOUNT - 16
handles:
        .zero   8 * THREADS
ways:                                   # name, function that takes both locks
        .dword  name_circle, circle
        .dword  name_ordered, ordered
        .dword  name_retry, retry
        .dword  name_backoff, backoff
ways_end:
name_circle:
        .asciz  "circle"
name_ordered:
        .asciz  "ordered"
name_retry:
        .asciz  "retry"
name_backoff:
        .asciz  "backoff"
usage:
        .asciz  "give one of circle, ordered, retry, backoff\n"
in_all:
        .asciz  "in all "

        .bss
        .align  3
chosen_way:
        .dword  0
gate:                                   # 1: all threads are there, the transfers begin
        .dword  0

        .text

# circle - takes the lock at s1, then the one at s2.
        .type   circle, @function
circle:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        mv      a0, s1
        call    mutex_lock
        mv      a0, s2
        call    mutex_lock
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

# ordered - takes both, the one at the lower address first.
        .type   ordered, @function
ordered:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s3, 0(sp)
        mv      a0, s1
        mv      s3, s2
        bltu    s1, s2, 1f
        mv      a0, s2
        mv      s3, s1
1:      call    mutex_lock
        mv      a0, s3
        call    mutex_lock
        ld      ra, 8(sp)
        ld      s3, 0(sp)
        addi    sp, sp, 16
        ret

# retry - takes the lock at s1 and tries the one at s2.
        .type   retry, @function
retry:
        addi    sp, sp, -16
        sd      ra, 8(sp)
1:      mv      a0, s1
        call    mutex_lock
        mv      a0, s2
        call    mutex_trylock
        beqz    a0, 2f
        probe   again, a0
        mv      a0, s1
        call    mutex_unlock
        j       1b
2:      ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

# backoff - the same, with a wait in between: of about 0, 64 or 128 ticks, by the account.
        .type   backoff, @function
backoff:
        addi    sp, sp, -16
        sd      ra, 8(sp)
1:      mv      a0, s1
        call    mutex_lock
        mv      a0, s2
        call    mutex_trylock
        beqz    a0, 3f
        probe   again, a0
        mv      a0, s1
        call    mutex_unlock
        la      t0, alice
        sub     t0, s1, t0              # 0, ACCOUNT, 2 * ACCOUNT
2:      addi    t0, t0, -2
        bgtz    t0, 2b
        j       1b
3:      ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

# transfer - the thread's work: ROUNDS times 1 from its account to the next.
#
# In:       a0 = number of the account.
        .type   transfer, @function
transfer:
        addi    sp, sp, -48
        sd      ra, 40(sp)
        sd      s0, 32(sp)
        sd      s1, 24(sp)
        sd      s2, 16(sp)
        sd      s4, 8(sp)
        la      s1, alice
        li      t0, ACCOUNT
        mul     t1, a0, t0
        add     s1, s1, t1              # its own account
        addi    s2, s1, ACCOUNT         # the next
        li      t0, THREADS - 1
        bne     a0, t0, 1f
        la      s2, alice
1:      la      t0, chosen_way
        ld      s4, 0(t0)
        li      s0, ROUNDS
        la      t0, gate
2:      ld      t1, 0(t0)
        beqz    t1, 2b
2:      jalr    s4
        ld      t0, BALANCE(s1)
        addi    t0, t0, -1
        sd      t0, BALANCE(s1)
        ld      t0, BALANCE(s2)
        addi    t0, t0, 1
        sd      t0, BALANCE(s2)
        mv      a0, s2
        call    mutex_unlock
        mv      a0, s1
        call    mutex_unlock
        addi    s0, s0, -1
        bnez    s0, 2b
        ld      ra, 40(sp)
        ld      s0, 32(sp)
        ld      s1, 24(sp)
        ld      s2, 16(sp)
        ld      s4, 8(sp)
        addi    sp, sp, 48
        ret

# choose - the function of the way that the first argument names.
#
# In:       a0 = argc, a1 = argv.
# Result:   a0 = function, or 0.
choose:
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
        call    choose
        beqz    a0, unknown
        la      t0, chosen_way
        sd      a0, 0(t0)

        probe   begin, a0
        li      s0, 0
1:      la      a0, transfer
        mv      a1, s0
        call    thread_create
        la      t0, handles
        slli    t1, s0, 3
        add     t0, t0, t1
        sd      a0, 0(t0)
        addi    s0, s0, 1
        li      t0, THREADS
        blt     s0, t0, 1b
        la      t0, gate
        li      t1, 1
        sd      t1, 0(t0)
        la      s0, handles
        li      s1, THREADS
1:      ld      a0, 0(s0)
        call    thread_join
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, 1b

        la      t0, alice
        ld      s0, BALANCE(t0)
        ld      t1, ACCOUNT + BALANCE(t0)
        add     s0, s0, t1
        ld      t1, 2 * ACCOUNT + BALANCE(t0)
        add     s0, s0, t1
        probe   in_all, s0
        la      a0, in_all
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
        addi    sp, sp, 32
        ret
