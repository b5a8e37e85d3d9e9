# fairness.asm - four threads take a lock as often as they can, 1000 times together: who gets how much?
#
# Shows:  a test-and-set lock goes to whoever comes at the right moment: two of four threads may hand it to
#         each other, and the others starve. A ticket lock goes to whoever came first: everybody gets the
#         same. The price of that shows with fewer harts than threads, when the lock waits for a thread
#         that isn't running.
# Try:    simrec run examples/fairness.asm tas --harts 4
#         simrec run examples/fairness.asm ticket --harts 4
#         simrec run examples/fairness.asm ticket --harts 2     how many more ticks than tas?
#         simrec run examples/fairness.asm mcs --harts 4        fair, too; each waits on its own word
#         simrec contention
# Compare: counter_spin.asm

        .equ    THREADS, 4
        .equ    TURNS, 1000

        .data
        .align  3
take:   .dword  tas_lock                # taslock.s, ticketlock.s or mcslock.s
give:   .dword  tas_unlock
lock:   .dword  0
turns:  .dword  0                       # lock protects it
start:  .word   THREADS, 0, 0           # a barrier: nobody begins before all are there
handles:
        .zero   8 * THREADS

ticket_name:
        .asciz  "ticket"
mcs_name:
        .asciz  "mcs"
had:    .asciz  " "
together:
        .asciz  "\ntogether "

        .text

# worker - takes the lock until all turns are gone.
#
# Result:   a0 = its turns.
worker:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        li      s0, 0
        la      a0, start
        call    barrier_wait
turn:
        la      a0, lock
        mv      a1, sp                  # mcs_lock's node: 16 bytes of the stack
        ld      t2, take
        jalr    t2
        ld      t0, turns
        li      t1, TURNS
        bgeu    t0, t1, no_more
        addi    t0, t0, 1
        la      t1, turns
        sd      t0, 0(t1)
        addi    s0, s0, 1
        la      a0, lock
        mv      a1, sp
        ld      t2, give
        jalr    t2
        j       turn
no_more:
        la      a0, lock
        mv      a1, sp
        ld      t2, give
        jalr    t2
        mv      a0, s0
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        addi    sp, sp, 32
        ret

        .globl  main
main:
        addi    sp, sp, -48
        sd      ra, 40(sp)
        sd      s0, 32(sp)
        sd      s1, 24(sp)
        sd      s2, 16(sp)

        li      t0, 2
        blt     a0, t0, create
        ld      s0, 8(a1)               # argv[1]
        mv      a0, s0
        la      a1, ticket_name
        call    strcmp
        la      t1, ticket_lock
        la      t2, ticket_unlock
        beqz    a0, chosen
        mv      a0, s0
        la      a1, mcs_name
        call    strcmp
        la      t1, mcs_lock
        la      t2, mcs_unlock
        bnez    a0, create
chosen:
        la      t0, take
        sd      t1, 0(t0)
        sd      t2, 8(t0)

create:
        la      s0, handles
        li      s1, THREADS
create_threads:
        la      a0, worker
        li      a1, 0
        call    thread_create
        sd      a0, 0(s0)
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, create_threads

        la      s0, handles
        li      s1, THREADS
        li      s2, 0
join_threads:
        ld      a0, 0(s0)
        call    thread_join
        add     s2, s2, a0
        call    print_int
        la      a0, had
        call    print_str
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, join_threads
        la      a0, together
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
