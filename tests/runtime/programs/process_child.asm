# process_child.asm - a child knows its own tid, has memory of its own, and can have threads; it goes on
# with the registers that its parent had.
# expect: wrong in the child 0
# expect: value in the parent 5
# status: 0
        .include "common.inc"
        .equ    SYS_GETTID, 178
        .data
        .align  3
value:  .dword  5
        .text

# add - a thread of the child.
add:
        la      t0, value
        ld      t1, 0(t0)
        add     a0, t1, a0
        sd      a0, 0(t0)
        ret

        .globl  main
main:
        enter
        li      s0, 100
        mv      s1, sp
        call    process_fork
        beqz    a0, child
        mv      a1, sp
        call    process_wait
        lw      s2, 0(sp)
        say     "wrong in the child ", s2
        ld      s2, value
        say     "value in the parent ", s2
        li      a0, 0
        leave

child:
        li      s2, 0
        li      t0, 100
        beq     s0, t0, 1f
        ori     s2, s2, 1
1:      beq     s1, sp, 2f
        ori     s2, s2, 2
2:      li      a7, SYS_GETTID
        ecall
        lw      t0, -64(tp)             # the tid in its control block
        beq     a0, t0, 3f
        ori     s2, s2, 4
3:      mv      s3, a0
        call    process_self
        beq     a0, s3, 4f
        ori     s2, s2, 8
4:      la      a0, add
        li      a1, 3
        call    thread_create
        call    thread_join
        li      t0, 8
        beq     a0, t0, 5f
        ori     s2, s2, 16
5:      li      a0, 40                  # the heap goes on, too
        call    malloc
        bnez    a0, 6f
        ori     s2, s2, 32
6:      call    free
        mv      a0, s2
        call    process_exit
