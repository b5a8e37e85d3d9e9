# process_shared.asm - three children and their parent meet at a barrier in shared memory and then count
# there under a mutex; a variable that isn't shared is each one's own.
# expect: shared 200
# expect: own 50
# status: 0
        .include "common.inc"
        .equ    CHILDREN, 3
        .equ    ROUNDS, 50
        .equ    MEETING, 8              # offsets in the shared memory; the mutex comes first
        .equ    COUNTER, 24
        .bss
        .align  3
own:    .zero   8
        .text

# count - s0 = shared memory.
count:
        enter
        addi    a0, s0, MEETING
        call    barrier_wait
        li      s1, ROUNDS
1:      mv      a0, s0
        call    mutex_lock
        ld      s2, COUNTER(s0)
        call    thread_yield
        addi    s2, s2, 1
        sd      s2, COUNTER(s0)
        mv      a0, s0
        call    mutex_unlock
        la      t0, own
        ld      t1, 0(t0)
        addi    t1, t1, 1
        sd      t1, 0(t0)
        addi    s1, s1, -1
        bnez    s1, 1b
        leave

        .globl  main
main:
        enter
        li      a0, 4096
        call    shared_alloc
        beqz    a0, failed
        mv      s0, a0
        addi    a0, s0, MEETING
        li      a1, CHILDREN + 1
        call    barrier_init
        li      s1, CHILDREN
1:      call    process_fork
        beqz    a0, child
        addi    s1, s1, -1
        bnez    s1, 1b
        call    count
        li      s1, CHILDREN
2:      li      a0, -1
        li      a1, 0
        call    process_wait
        addi    s1, s1, -1
        bnez    s1, 2b
        ld      s1, COUNTER(s0)
        say     "shared ", s1
        ld      s1, own
        say     "own ", s1
        li      a0, 0
        leave
child:
        call    count
        li      a0, 0
        call    process_exit
failed: li      a0, 1
        leave
