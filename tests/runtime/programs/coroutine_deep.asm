# coroutine_deep.asm - yields from inside a recursion that goes down and up again: the slice grows
# and shrinks. It walks a complete binary tree of depth 5 in order, resumed from different depths
# of main's stack, and everything is freed: the heap then gives the first address again.
# expect: 63 numbers, in order: 1
# expect: all freed: 1
# status: 0
        .equ    DEPTH, 5
        .data
numbers:
        .asciz  " numbers, in order: "
freed:  .asciz  "all freed: "
        .text

# walk - yields the numbers a0 - 2^a1 + 1 ... a0 + 2^a1 - 1 in order, a subtree's root being a0.
walk:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        mv      s0, a0
        mv      s1, a1
        beqz    s1, 1f
        addi    a1, s1, -1
        li      t0, 1
        sll     t0, t0, a1
        sub     a0, s0, t0
        call    walk
1:      mv      a0, s0
        call    coroutine_yield
        beqz    s1, 2f
        addi    a1, s1, -1
        li      t0, 1
        sll     t0, t0, a1
        add     a0, s0, t0
        call    walk
2:      ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret

tree:
        mv      a1, a0
        li      a0, 1
        sll     a0, a0, a1              # the root of 1 ... 2^(depth + 1) - 1
        tail    walk

# resume_below - resumes the frame a0 from a1 bytes further down the stack (a multiple of 16).
resume_below:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s1, 16(sp)
        mv      s1, a1
        sub     sp, sp, s1
        li      a1, 0
        call    coroutine_resume
        add     sp, sp, s1
        ld      ra, 24(sp)
        ld      s1, 16(sp)
        addi    sp, sp, 32
        ret

        .globl  main
main:
        addi    sp, sp, -48
        sd      ra, 40(sp)
        sd      s0, 32(sp)
        sd      s1, 24(sp)
        sd      s2, 16(sp)
        sd      s3, 8(sp)
        li      a0, 100
        call    malloc
        mv      s3, a0
        call    free
        la      a0, tree
        li      a1, DEPTH
        call    coroutine_create
        mv      s0, a0
        li      s1, 1                   # the number expected next
        li      s2, 1                   # in order so far
1:      mv      a0, s0
        andi    a1, s1, 7
        slli    a1, a1, 4
        call    resume_below
        beqz    a1, 2f
        sub     t0, a0, s1
        seqz    t0, t0
        and     s2, s2, t0
        addi    s1, s1, 1
        j       1b
2:      addi    a0, s1, -1
        call    print_int
        la      a0, numbers
        call    print_str
        mv      a0, s2
        call    print_int
        call    print_newline
        mv      a0, s0
        call    coroutine_destroy

        la      a0, tree                # one that is destroyed while it is suspended
        li      a1, DEPTH
        call    coroutine_create
        mv      s0, a0
        li      a1, 0
        call    coroutine_resume
        mv      a0, s0
        call    coroutine_destroy
        la      a0, freed
        call    print_str
        li      a0, 16384 - 16          # the whole first piece of the heap
        call    malloc
        sub     a0, a0, s3
        seqz    a0, a0
        call    print_int
        call    print_newline
        li      a0, 0
        ld      ra, 40(sp)
        ld      s0, 32(sp)
        ld      s1, 24(sp)
        ld      s2, 16(sp)
        ld      s3, 8(sp)
        addi    sp, sp, 48
        ret
