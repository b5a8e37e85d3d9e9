# malloc.s - a heap: first fit over one address-ordered free list, with coalescing, over brk.
#
# The heap is cut into blocks; sizes and addresses are multiples of 16. A block:
#
#        0  size   of the block in bytes, this header included; at least 32
#        8  next   free: the next free block, by address, or 0; in use: the mark BLOCK_IN_USE
#       16  what malloc returned
#
# Two free blocks never touch: free merges a block with both neighbours. Memory is never given
# back to the kernel. A program may move the break itself: the heap then has a hole.
#
# Protects: malloc_lock, a mutex, guards the free list and every header. Between malloc and free
# the bytes from 16 on belong to the caller.

        .equ    BLOCK_SIZE, 0
        .equ    BLOCK_NEXT, 8
        .equ    BLOCK_HEADER, 16
        .equ    BLOCK_SMALLEST, 32
        .equ    BLOCK_IN_USE, 0x5a110ced # odd, so it is never the address of a block

        .equ    HEAP_STEP, 16384        # bytes; the break moves in multiples of this
        .equ    MALLOC_LARGEST_SHIFT, 40 # no request above 2^40 bytes: sums cannot wrap around

        .equ    SYS_BRK, 214

        .text
        .align  2

# malloc - memory from the heap, not cleared.
#
# In:       a0 = bytes; 0 is good for a pointer of its own.
# Result:   a0 = pointer, a multiple of 16; or 0 if there is no memory.
# Clobbers: a1-a3, a7, t0-t6.
# Protects: takes and releases malloc_lock.
        .globl  malloc
malloc:
        li      t0, 1
        slli    t0, t0, MALLOC_LARGEST_SHIFT
        bgtu    a0, t0, .Lmalloc_too_large
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        addi    s0, a0, BLOCK_HEADER + 15
        andi    s0, s0, -16             # size of the block wanted
        li      t0, BLOCK_SMALLEST
        bgeu    s0, t0, 1f
        mv      s0, t0
1:      la      a0, malloc_lock
        call    mutex_lock

.Lmalloc_search:
        la      t0, free_list           # t0: the word that points to block t1
        ld      t1, 0(t0)
2:      beqz    t1, .Lmalloc_grow
        ld      t2, BLOCK_SIZE(t1)
        bgeu    t2, s0, .Lmalloc_found
        addi    t0, t1, BLOCK_NEXT
        ld      t1, 0(t0)
        j       2b

.Lmalloc_found:
        ld      t4, BLOCK_NEXT(t1)
        sub     t3, t2, s0              # what is left over: a free block, if large enough
        li      t5, BLOCK_SMALLEST
        bltu    t3, t5, 3f
        add     t5, t1, s0
        sd      t3, BLOCK_SIZE(t5)
        sd      t4, BLOCK_NEXT(t5)
        sd      s0, BLOCK_SIZE(t1)
        mv      t4, t5
3:      sd      t4, 0(t0)
        li      t3, BLOCK_IN_USE
        sd      t3, BLOCK_NEXT(t1)
        addi    s1, t1, BLOCK_HEADER

.Lmalloc_unlock:
        la      a0, malloc_lock
        call    mutex_unlock
        mv      a0, s1
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret

.Lmalloc_grow:
        li      a0, 0                   # the kernel refuses, and tells where the break is
        li      a7, SYS_BRK
        ecall
        addi    t0, a0, 15
        andi    t0, t0, -16             # the new block
        li      t2, HEAP_STEP - 1
        add     t1, s0, t2
        not     t2, t2
        and     t1, t1, t2              # its size
        add     t3, t0, t1
        mv      a0, t3
        ecall
        li      s1, 0
        bltu    a0, t3, .Lmalloc_unlock # refused: no memory
        sd      t1, BLOCK_SIZE(t0)
        mv      a0, t0
        call    free_list_insert
        j       .Lmalloc_search

.Lmalloc_too_large:
        li      a0, 0
        ret

# free - gives memory back to the heap.
#
# In:       a0 = what malloc returned, or 0 (nothing to do). Anything else, and a second free of
#           the same pointer, stops the program at the ebreak below as far as it can be noticed.
# Result:   none.
# Clobbers: a0-a3, a7, t0-t6.
# Protects: takes and releases malloc_lock.
        .globl  free
free:
        beqz    a0, 1f
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        addi    s0, a0, -BLOCK_HEADER
        la      a0, malloc_lock
        call    mutex_lock
        ld      t0, BLOCK_NEXT(s0)
        li      t1, BLOCK_IN_USE
        bne     t0, t1, 2f
        mv      a0, s0
        call    free_list_insert
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        la      a0, malloc_lock
        tail    mutex_unlock
1:      ret
2:      ebreak                          # not a block in use: a bad pointer, or freed twice

# free_list_insert - puts a block into the free list at its place and merges it with its neighbours.
#
# In:       a0 = block, its size set.
# Result:   none.
# Clobbers: t0-t5.
# Protects: the caller holds malloc_lock.
free_list_insert:
        la      t5, free_list
        li      t0, 0                   # the free block before it, or 0
        ld      t1, 0(t5)               # the free block after it, or 0
1:      beqz    t1, 2f
        bgtu    t1, a0, 2f
        mv      t0, t1
        ld      t1, BLOCK_NEXT(t1)
        j       1b

2:      ld      t2, BLOCK_SIZE(a0)
        add     t3, a0, t2
        bne     t3, t1, 3f              # does the block after it touch?
        ld      t4, BLOCK_SIZE(t1)
        add     t2, t2, t4
        sd      t2, BLOCK_SIZE(a0)
        ld      t1, BLOCK_NEXT(t1)
3:      sd      t1, BLOCK_NEXT(a0)      # also takes the mark BLOCK_IN_USE away

        beqz    t0, 4f
        ld      t4, BLOCK_SIZE(t0)
        add     t3, t0, t4
        bne     t3, a0, 5f              # does the block before it touch?
        add     t4, t4, t2
        sd      t4, BLOCK_SIZE(t0)
        sd      t1, BLOCK_NEXT(t0)
        ret
4:      sd      a0, 0(t5)
        ret
5:      sd      a0, BLOCK_NEXT(t0)
        ret

        .bss
        .align  3
free_list:                              # the free block with the lowest address, or 0
        .zero   8
malloc_lock:
        .zero   8                       # a mutex, and 4 bytes of padding
