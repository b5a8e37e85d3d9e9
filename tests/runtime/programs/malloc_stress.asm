# malloc_stress.asm - four threads allocate and free blocks of random size at random, each block
# filled with its owner's pattern and checked before it is freed. At the end the heap is whole:
# one block as large as all that was in use is had without the break moving.
# expect: damaged: 0
# expect: break moved: 0
# status: 0
        .equ    THREADS, 4
        .equ    SLOTS, 32               # blocks a thread holds at a time
        .equ    ROUNDS, 500
        .data
damaged_is:
        .asciz  "damaged: "
moved_is:
        .asciz  "break moved: "
        .bss
        .align  3
handles:
        .zero   8 * THREADS
slots:                                  # for each thread, SLOTS pairs (pointer, size)
        .zero   16 * SLOTS * THREADS
        .text

# release - checks and frees what a slot holds.
#
# In:       a0 = slot. Result: a0 = 1 if a byte was damaged, else 0; the slot is empty.
release:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        ld      t0, 0(a0)
        ld      t1, 8(a0)
        sd      zero, 0(a0)
        li      s0, 0
        beqz    t0, 2f
        add     t1, t1, t0
        andi    t3, a0, 255
        mv      a0, t0
1:      beq     t0, t1, 3f
        lbu     t2, 0(t0)
        addi    t0, t0, 1
        beq     t2, t3, 1b
        li      s0, 1
3:      call    free
2:      mv      a0, s0
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        addi    sp, sp, 32
        ret

# worker - a0 = number of the thread; result: the number of damaged blocks.
worker:
        addi    sp, sp, -64
        sd      ra, 56(sp)
        sd      s0, 48(sp)
        sd      s1, 40(sp)
        sd      s2, 32(sp)
        sd      s3, 24(sp)
        sd      s4, 16(sp)
        sd      s5, 8(sp)
        li      t0, 16 * SLOTS
        mul     t0, t0, a0
        la      s0, slots
        add     s0, s0, t0
        mv      s1, a0                  # state of the random numbers (an LCG)
        li      s2, ROUNDS
        li      s3, 0
1:      li      t0, 6364136223846793005
        mul     s1, s1, t0
        li      t0, 1442695040888963407
        add     s1, s1, t0
        srli    s4, s1, 40
        andi    s4, s4, SLOTS - 1
        slli    s4, s4, 4
        add     s4, s4, s0              # a random slot
        mv      a0, s4
        call    release
        add     s3, s3, a0
        srli    s5, s1, 48
        andi    s5, s5, 511             # a random size
        mv      a0, s5
        call    malloc
        beqz    a0, 3f
        sd      a0, 0(s4)
        sd      s5, 8(s4)
        andi    a1, s4, 255
        mv      a2, s5
        call    memset
        addi    s2, s2, -1
        bnez    s2, 1b

        li      s2, SLOTS
        mv      s4, s0
2:      mv      a0, s4
        call    release
        add     s3, s3, a0
        addi    s4, s4, 16
        addi    s2, s2, -1
        bnez    s2, 2b
        j       4f
3:      li      s3, -1                  # out of memory
4:      mv      a0, s3
        ld      ra, 56(sp)
        ld      s0, 48(sp)
        ld      s1, 40(sp)
        ld      s2, 32(sp)
        ld      s3, 24(sp)
        ld      s4, 16(sp)
        ld      s5, 8(sp)
        addi    sp, sp, 64
        ret

        .globl  main
main:
        addi    sp, sp, -48
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        sd      s2, 0(sp)
        sd      s3, 32(sp)
        li      a0, 1                   # the first block of the heap: where it starts
        call    malloc
        mv      s2, a0
        call    free
        la      s0, handles
        li      s1, 0
1:      la      a0, worker
        mv      a1, s1
        call    thread_create
        sd      a0, 0(s0)
        addi    s0, s0, 8
        addi    s1, s1, 1
        li      t0, THREADS
        bne     s1, t0, 1b
        la      s0, handles
        li      s1, 0
        la      a0, damaged_is
        call    print_str
        li      s3, 0                   # damaged blocks
2:      ld      a0, 0(s0)
        call    thread_join
        add     s3, s3, a0
        addi    s0, s0, 8
        addi    s1, s1, 1
        li      t0, THREADS
        bne     s1, t0, 2b
        mv      a0, s3
        call    print_int
        call    print_newline

        li      a0, 0
        li      a7, 214                 # brk(0)
        ecall
        mv      s0, a0
        sub     a0, s0, s2              # from the first payload to the end: the whole heap,
        addi    a0, a0, -16             # but for the header behind its last block
        call    malloc
        li      a0, 0
        li      a7, 214
        ecall
        sub     s0, a0, s0
        la      a0, moved_is
        call    print_str
        mv      a0, s0
        call    print_int
        call    print_newline
        li      a0, 0
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        ld      s2, 0(sp)
        ld      s3, 32(sp)
        addi    sp, sp, 48
        ret
