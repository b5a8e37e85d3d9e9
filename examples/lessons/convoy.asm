# convoy.asm - threads that take one lock often and briefly, until one of them is preempted with the lock in its hand.
#
# Shows:  a lock convoy. All come to wait for the preempted one. Does the queue go away again? That depends on
#         whether a release gives the lock to the next in line, or to whoever takes it first.
# Try:    simrec lessons run convoy
#         simrec run --harts 1 examples/lessons/convoy.asm fifo
#         simrec run --harts 1 --quantum 1000000 examples/lessons/convoy.asm fifo      nobody is preempted
#
# Arguments: the lock:
#           fifo    asleep in line; a release hands it to the next in line
#           mutex   asleep; a release frees it, wakes one, and whoever comes first takes it
#           ticket  fifo's order, but waiting in a loop (ticketlock.s)
#           spin    mutex's order, but waiting in a loop (spinlock.s)

        .ifndef THREADS
        .equ    THREADS, 4
        .endif
        .ifndef ROUNDS
        .equ    ROUNDS, 40              # of each thread
        .endif
        .ifndef HOLD
        .equ    HOLD, 40                # ticks with the lock
        .endif
        .ifndef APART
        .equ    APART, 200              # ticks between a release and the next turn
        .endif

        .equ    SYS_FUTEX, 98
        .equ    FUTEX_WAIT, 0
        .equ    FUTEX_WAKE, 1

# A fifo lock: the ticket that the next comer draws, the ticket that has the lock, and a word for each place in
# line, of which there are as many as threads or more. The word of place n says the ticket that was served there
# last; all zeros: free.
        .equ    SERVING, 4
        .equ    PLACES, 8
        .equ    PLACE_MASK, 15          # 16 places

        .data
        .align  6
lock:   .zero   8 + 4 * (PLACE_MASK + 1)
        .align  6
take:   .dword  0                       # the functions of the chosen lock
give:   .dword  0
locks:  .dword  name_fifo, fifo_lock, fifo_unlock
        .dword  name_mutex, mutex_lock, mutex_unlock
        .dword  name_ticket, ticket_lock, ticket_unlock
        .dword  name_spin, spin_lock, spin_unlock
locks_end:
handles:
        .zero   8 * THREADS
name_fifo:      .asciz  "fifo"
name_mutex:     .asciz  "mutex"
name_ticket:    .asciz  "ticket"
name_spin:      .asciz  "spin"
usage:  .asciz  "give one of fifo, mutex, ticket, spin\n"

        .text

# fifo_lock - draws a ticket and sleeps until it is served.  a0 = lock.
        .type   fifo_lock, @function
fifo_lock:
        li      t0, 1
        amoadd.w.aqrl t0, t0, (a0)
        andi    t1, t0, PLACE_MASK
        slli    t1, t1, 2
        add     a0, a0, t1
        addi    a0, a0, PLACES          # the word of its place
1:      lw      a2, 0(a0)
        beq     a2, t0, 2f
        mv      t2, a0
        li      a1, FUTEX_WAIT          # unless the word has changed meanwhile
        li      a3, 0
        li      a7, SYS_FUTEX
        ecall
        mv      a0, t2
        j       1b
2:      fence   r, rw
        ret

# fifo_unlock - hands the lock to the next ticket, and wakes its holder if it has been drawn.  a0 = lock.
        .type   fifo_unlock, @function
fifo_unlock:
        lw      t0, SERVING(a0)
        addi    t0, t0, 1
        sw      t0, SERVING(a0)
        andi    t1, t0, PLACE_MASK
        slli    t1, t1, 2
        add     t1, t1, a0
        fence   rw, w
        sw      t0, PLACES(t1)
        fence   rw, rw                  # the word before the look: who draws later sees it
        lw      t2, 0(a0)
        beq     t2, t0, 1f
        addi    a0, t1, PLACES
        li      a1, FUTEX_WAKE
        li      a2, 1
        li      a7, SYS_FUTEX
        ecall
1:      ret

# work - lasts a0 ticks.
        .type   work, @function
work:
        addi    a0, a0, -2
        bgtz    a0, work
        ret

# worker - ROUNDS turns: HOLD ticks with the lock, APART without.
        .type   worker, @function
worker:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        sd      s2, 0(sp)
        ld      s1, take
        ld      s2, give
        li      s0, ROUNDS
1:      la      a0, lock
        jalr    s1
        probe   got, s0
        li      a0, HOLD
        call    work
        la      a0, lock
        jalr    s2
        li      a0, APART
        call    work
        addi    s0, s0, -1
        bnez    s0, 1b
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        ld      s2, 0(sp)
        addi    sp, sp, 32
        ret

        .globl  main
main:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        li      t0, 2
        bne     a0, t0, 4f
        ld      s1, 8(a1)
        la      s0, locks
1:      ld      a0, 0(s0)
        mv      a1, s1
        call    strcmp
        beqz    a0, 2f
        addi    s0, s0, 24
        la      t0, locks_end
        bltu    s0, t0, 1b
        j       4f
2:      ld      t0, 8(s0)
        ld      t1, 16(s0)
        sd      t0, take, t2
        sd      t1, give, t2
        probe   begin, zero
        la      s0, handles
        li      s1, THREADS
3:      la      a0, worker
        li      a1, 0
        call    thread_create
        sd      a0, 0(s0)
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, 3b
        la      s0, handles
        li      s1, THREADS
3:      ld      a0, 0(s0)
        call    thread_join
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, 3b
        probe   end, zero
        li      a0, 0
        j       5f
4:      la      a0, usage
        call    print_str
        li      a0, 2
5:      ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret
