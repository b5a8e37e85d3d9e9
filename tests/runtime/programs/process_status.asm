# process_status.asm - how children end: with a status, by a signal; then there is none left to wait for.
# expect: the child's pid 1
# expect: status 7
# expect: killed 0
# expect: by signal 9
# expect: nobody -10
# expect: nowhere -3
# status: 0
        .include "common.inc"
        .text
        .globl  main
main:
        enter
        call    process_fork
        beqz    a0, 2f
        mv      s0, a0
        mv      a1, sp
        call    process_wait
        sub     a0, a0, s0
        seqz    a0, a0
        say     "the child's pid ", a0
        lw      s1, 0(sp)
        srai    s1, s1, 8
        say     "status ", s1

        call    process_fork
        beqz    a0, 3f
        mv      s0, a0
        li      a1, 9
        call    process_kill
        say     "killed ", a0
        mv      a0, s0
        mv      a1, sp
        call    process_wait
        lw      s1, 0(sp)
        say     "by signal ", s1

        li      a0, -1
        li      a1, 0
        call    process_wait
        say     "nobody ", a0
        li      a0, 0x3ffffff
        li      a1, 9
        call    process_kill
        say     "nowhere ", a0
        li      a0, 0
        leave

2:      li      a0, 7
        call    process_exit
3:      call    thread_yield
        j       3b
