# locks.asm - one loop, eleven ways to come in and to leave: the locks of the runtime library, alone and contended.
#
# Shows:  what each costs when nobody else wants it, what when four threads do, who is overtaken, and how many
#         are inside at a time.
# Try:    simrec lessons run locks
#         simrec run --harts 4 examples/lessons/locks.asm mcs
#         simrec contention

        .ifndef THREADS
        .equ    THREADS, 4
        .endif
        .ifndef ROUNDS
        .equ    ROUNDS, 25              # passes of each thread, and of main alone before
        .endif
        .ifndef HOLD
        .equ    HOLD, 50                # ticks inside
        .endif
        .ifndef REST
        .equ    REST, 20                # ticks outside
        .endif

        .bss
        .align  3
lock:   .zero   16                      # whichever it is
filled: .zero   16                      # for cond: there is something to take,
emptied:                                # there is room again
        .zero   16
count:  .zero   8                       # things in the buffer
go:     .zero   8                       # 1: all threads may begin
handles:
        .zero   8 * THREADS

        .data
        .align  3
enter:  .dword  0                       # how to come in, a0 = lock, a1 = 16 bytes of the caller's, a2 = role
leave:  .dword  0                       # how to leave, likewise
ways:   .dword  name_none, nothing, nothing
        .dword  name_tas, tas_lock, tas_unlock
        .dword  name_tts, spin_lock, spin_unlock
        .dword  name_ticket, ticket_lock, ticket_unlock
        .dword  name_mcs, mcs_lock, mcs_unlock
        .dword  name_mutex, mutex_lock, mutex_unlock
        .dword  name_semaphore, sem_wait, sem_post
        .dword  name_cond, buffer_enter, buffer_leave
        .dword  name_read, rw_read_lock, rw_read_unlock
        .dword  name_write, rw_write_lock, rw_write_unlock
        .dword  name_barrier, barrier_wait, nothing
ways_end:
name_none:      .asciz "none"
name_tas:       .asciz "tas"
name_tts:       .asciz "tts"
name_ticket:    .asciz "ticket"
name_mcs:       .asciz "mcs"
name_mutex:     .asciz "mutex"
name_semaphore: .asciz "semaphore"
name_cond:      .asciz "cond"
name_read:      .asciz "read"
name_write:     .asciz "write"
name_barrier:   .asciz "barrier"
usage:  .asciz  "give one of none, tas, tts, ticket, mcs, mutex, semaphore, cond, read, write, barrier\n"

        .text

# passes - comes in and leaves, ROUNDS times.  a0 = role of the first pass: 0 puts into the buffer, 1 takes from
# it; a1 = what is added to it for the next one.
        .type   passes, @function
passes:
        addi    sp, sp, -64
        sd      ra, 56(sp)
        sd      s0, 48(sp)
        sd      s1, 40(sp)
        sd      s2, 32(sp)
        sd      s3, 24(sp)
        mv      s0, a0
        mv      s3, a1
        li      s1, ROUNDS
        la      s2, lock
1:      mv      a0, s2
        mv      a1, sp
        andi    a2, s0, 1
        ld      t0, enter
        probe   want, zero
        jalr    t0
        probe   got, zero
        li      a0, HOLD
        call    work
        mv      a0, s2
        mv      a1, sp
        andi    a2, s0, 1
        ld      t0, leave
        probe   out, zero
        jalr    t0
        probe   left, zero
        li      a0, REST
        call    work
        add     s0, s0, s3
        addi    s1, s1, -1
        bnez    s1, 1b
        ld      ra, 56(sp)
        ld      s0, 48(sp)
        ld      s1, 40(sp)
        ld      s2, 32(sp)
        ld      s3, 24(sp)
        addi    sp, sp, 64
        ret

# nothing - no lock.
        .type   nothing, @function
nothing:
        ret

# buffer_enter - waits, with the mutex, for room (role 0) or for something (role 1) in a buffer of one.
# a0 = mutex, a2 = role.
        .type   buffer_enter, @function
buffer_enter:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        mv      s0, a0
        mv      s1, a2
        call    mutex_lock
1:      ld      t0, count
        beq     t0, s1, 3f              # 0 and it is empty, 1 and it is full
        la      a0, emptied
        beqz    s1, 2f
        la      a0, filled
2:      mv      a1, s0
        call    cond_wait
        j       1b
3:      ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret

# buffer_leave - puts or takes, and says so.
        .type   buffer_leave, @function
buffer_leave:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        mv      s0, a0
        xori    t0, a2, 1
        sd      t0, count, t1
        la      a0, filled
        beqz    a2, 1f
        la      a0, emptied
1:      call    cond_signal
        mv      a0, s0
        call    mutex_unlock
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret

# thread - waits until all are there, then passes in one role.  a0 = role.
        .type   thread, @function
thread: addi    sp, sp, -16
        sd      ra, 8(sp)
        la      t0, go
1:      ld      t1, 0(t0)
        beqz    t1, 1b
        li      a1, 0
        call    passes
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

# ready - makes the lock free; a barrier for a0 threads, a semaphore with one unit.
        .type   ready, @function
ready:  mv      a1, a0
        la      a0, lock
        ld      t0, enter
        la      t1, barrier_wait
        beq     t0, t1, barrier_init
        la      t1, sem_wait
        li      a1, 1
        beq     t0, t1, sem_init
        ret

        .globl  main
main:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        li      t0, 2
        bne     a0, t0, unknown
        ld      s1, 8(a1)
        la      s0, ways
1:      ld      a0, 0(s0)
        mv      a1, s1
        call    strcmp
        beqz    a0, 2f
        addi    s0, s0, 24
        la      t0, ways_end
        bltu    s0, t0, 1b
        j       unknown
2:      ld      t0, 8(s0)
        sd      t0, enter, t1
        ld      t0, 16(s0)
        sd      t0, leave, t1

        li      a0, 1                   # alone
        call    ready
        li      a0, 0
        li      a1, 1
        call    passes

        li      a0, THREADS
        call    ready
        la      s0, handles
        li      s1, THREADS
3:      la      a0, thread
        andi    a1, s1, 1
        call    thread_create
        sd      a0, 0(s0)
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, 3b
        li      t0, 1
        sd      t0, go, t1
        la      s0, handles
        li      s1, THREADS
4:      ld      a0, 0(s0)
        call    thread_join
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, 4b
        li      a0, 0
        j       5f
unknown:
        la      a0, usage
        call    print_str
        li      a0, 2
5:      ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret
