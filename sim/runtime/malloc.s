# malloc.s - a heap over brk: bins of free blocks by size, merged with their neighbours when freed.
#
# The heap is cut into blocks; sizes and addresses are multiples of 16. A block:
#
#        0  size    of the block in bytes, this header included, at least 32; while it is in use with
#                   BLOCK_MARK in its upper 16 bits, which makes the word negative
#        8  before  size of the block that ends where this one begins, 0 if there is none
#       16  next    free: the next free block of its bin, or 0; in use: what malloc returned
#       24  place   free: where the pointer to this block stands, in the bin or a block's `next`
#
# So both neighbours of a block are found without a search, and two free blocks never touch. The
# heap ends with a header alone, marked as in use.
#
# Bins 2 to 32 hold the free blocks of 32, 48, ... 512 bytes, bins 33 to 63 those of 513 to 1023, of
# 1024 to 2047, ... bytes. bin_map has bit n set if bin n may have one. What a request takes:
#
#       up to 496 bytes     a block of the size, else the front of one from the next bin that has any
#       more                the first large enough of its bin, else as above
#
# So a call takes the same time whatever is allocated, tens of instructions, as long as no bin of
# large blocks is long; free never searches. Memory is never given back to the kernel. A program may
# move the break itself: the heap then has a hole.
#
# Protects: malloc_lock, a mutex, guards bins, bin_map, heap_end and every header. Between malloc and
# free the bytes from 16 on belong to the caller.

        .equ    BLOCK_SIZE, 0
        .equ    BLOCK_BEFORE, 8
        .equ    BLOCK_NEXT, 16
        .equ    BLOCK_PLACE, 24
        .equ    BLOCK_HEADER, 16
        .equ    BLOCK_SMALLEST, 32
        .equ    BLOCK_MARK, 0xda11
        .equ    MARK_SHIFT, 48

        .equ    SIZE_STEP_SHIFT, 4
        .equ    LAST_EXACT_BIN, 32
        .equ    RANGES_SHIFT, 10        # blocks of 2^10 bytes begin the second bin of ranges
        .equ    BINS, 64

        .equ    HEAP_STEP, 16384        # bytes; the break moves in multiples of this
        .equ    MALLOC_LARGEST_SHIFT, 38 # no request above 2^38 bytes, all that user space has

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
        mv      a1, s0
        call    bin_of
        la      t6, bins
        li      t1, LAST_EXACT_BIN
        bleu    t0, t1, .Lmalloc_scan
        slli    t1, t0, 3               # a bin of ranges: not all of its blocks are large enough
        add     t1, t1, t6
        ld      t3, 0(t1)
1:      beqz    t3, 2f
        ld      t2, BLOCK_SIZE(t3)
        bgeu    t2, s0, .Lmalloc_found
        ld      t3, BLOCK_NEXT(t3)
        j       1b
2:      addi    t0, t0, 1
        li      t1, BINS
        beq     t0, t1, .Lmalloc_grow

.Lmalloc_scan:                          # t0: the first bin whose blocks are all large enough
        la      t5, bin_map
        ld      t4, 0(t5)
        srl     t1, t4, t0
        beqz    t1, .Lmalloc_grow
        neg     t2, t1
        and     t1, t1, t2              # its lowest bit alone: 2^n
        ld      t2, de_bruijn
        mul     t1, t1, t2              # whose upper six bits are then the n-th of 64 patterns
        srli    t1, t1, 58
        la      t2, de_bruijn_places
        add     t1, t1, t2
        lbu     t1, 0(t1)
        add     t0, t0, t1
        slli    t1, t0, 3
        add     t1, t1, t6
        ld      t3, 0(t1)
        bnez    t3, .Lmalloc_found
        li      t1, 1                   # it has become empty since the bit was set
        sll     t1, t1, t0
        xor     t4, t4, t1
        sd      t4, 0(t5)
        j       .Lmalloc_scan

.Lmalloc_found:                         # t3: the block
        ld      t4, BLOCK_NEXT(t3)
        ld      t5, BLOCK_PLACE(t3)
        sd      t4, 0(t5)
        beqz    t4, 1f
        sd      t5, BLOCK_PLACE(t4)
1:      addi    s1, t3, BLOCK_HEADER
        li      t0, BLOCK_MARK
        slli    t0, t0, MARK_SHIFT
        ld      t2, BLOCK_SIZE(t3)
        sub     a1, t2, s0              # what is left over: a free block, if large enough
        li      t1, BLOCK_SMALLEST
        bltu    a1, t1, 2f
        or      t0, t0, s0
        sd      t0, BLOCK_SIZE(t3)
        add     t2, t2, t3
        sd      a1, BLOCK_BEFORE(t2)
        add     a0, t3, s0
        sd      s0, BLOCK_BEFORE(a0)
        call    bin_insert
        j       .Lmalloc_unlock
2:      or      t0, t0, t2
        sd      t0, BLOCK_SIZE(t3)

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
        addi    t1, a0, 15
        andi    t1, t1, -16
        mv      a1, s0
        ld      t0, heap_end
        addi    t2, t0, BLOCK_HEADER
        beq     t2, t1, 1f              # is the break where the heap ends?
        mv      t0, t1                  # the new block, behind a hole or the first one
        addi    a1, a1, BLOCK_HEADER    # and a header behind it
1:      li      t2, HEAP_STEP - 1
        add     a1, a1, t2
        not     t2, t2
        and     a1, a1, t2
        add     t3, t1, a1              # the new break
        mv      a0, t3
        ecall
        li      s1, 0
        bltu    a0, t3, .Lmalloc_unlock # refused: no memory
        beq     t0, t1, 2f
        ld      t2, BLOCK_BEFORE(t0)
        j       3f
2:      li      t2, 0
3:      sd      t2, BLOCK_BEFORE(t0)
        addi    t3, t3, -BLOCK_HEADER
        li      t2, BLOCK_MARK
        slli    t2, t2, MARK_SHIFT
        sd      t2, BLOCK_SIZE(t3)
        la      t2, heap_end
        sd      t3, 0(t2)
        mv      a0, t0
        sub     a1, t3, t0
        call    heap_free
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
        ld      a1, BLOCK_SIZE(s0)
        srli    t0, a1, MARK_SHIFT
        li      t1, BLOCK_MARK
        bne     t0, t1, 2f
        slli    a1, a1, 64 - MARK_SHIFT
        srli    a1, a1, 64 - MARK_SHIFT
        mv      a0, s0
        call    heap_free
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        la      a0, malloc_lock
        tail    mutex_unlock
1:      ret
2:      ebreak                          # not a block in use: a bad pointer, or freed twice

# heap_free - merges a block with its neighbours, as far as they are free, and puts it into its bin.
#
# In:       a0 = block, its `before` set; a1 = its size.
# Result:   none.
# Clobbers: a0, a1, t0-t5.
# Protects: the caller holds malloc_lock.
heap_free:
        sd      a1, BLOCK_SIZE(a0)      # without the mark, also if it becomes part of another one
        add     t0, a0, a1
        ld      t1, BLOCK_SIZE(t0)
        bltz    t1, 1f                  # the block after it is in use
        add     a1, a1, t1
        ld      t4, BLOCK_NEXT(t0)
        ld      t5, BLOCK_PLACE(t0)
        sd      t4, 0(t5)
        beqz    t4, 1f
        sd      t5, BLOCK_PLACE(t4)
1:      ld      t1, BLOCK_BEFORE(a0)
        beqz    t1, 2f                  # there is none before it
        sub     t0, a0, t1
        ld      t2, BLOCK_SIZE(t0)
        bltz    t2, 2f                  # the block before it is in use
        add     a1, a1, t1
        mv      a0, t0
        ld      t4, BLOCK_NEXT(t0)
        ld      t5, BLOCK_PLACE(t0)
        sd      t4, 0(t5)
        beqz    t4, 2f
        sd      t5, BLOCK_PLACE(t4)
2:      add     t0, a0, a1
        sd      a1, BLOCK_BEFORE(t0)    # and on into bin_insert

# bin_insert - makes a block the first of its bin.
#
# In:       a0 = block, a1 = its size.
# Result:   none.
# Clobbers: t0-t4.
# Protects: the caller holds malloc_lock.
bin_insert:
        mv      t4, ra
        call    bin_of
        mv      ra, t4
        sd      a1, BLOCK_SIZE(a0)
        la      t3, bin_map
        li      t1, 1
        sll     t1, t1, t0
        ld      t2, 0(t3)
        or      t2, t2, t1
        sd      t2, 0(t3)
        slli    t0, t0, 3
        la      t3, bins
        add     t3, t3, t0
        ld      t1, 0(t3)
        sd      t1, BLOCK_NEXT(a0)
        sd      t3, BLOCK_PLACE(a0)
        sd      a0, 0(t3)
        beqz    t1, 1f
        addi    t2, a0, BLOCK_NEXT
        sd      t2, BLOCK_PLACE(t1)
1:      ret

# bin_of - the bin of a size.
#
# In:       a1 = size of a block.
# Result:   t0 = number of its bin.
# Clobbers: t1.
bin_of:
        srli    t0, a1, SIZE_STEP_SHIFT
        li      t1, LAST_EXACT_BIN
        bleu    t0, t1, 2f
        addi    t0, t1, 1
        srli    t1, a1, RANGES_SHIFT
1:      beqz    t1, 2f
        addi    t0, t0, 1
        srli    t1, t1, 1
        j       1b
2:      ret

        .section .rodata
        .align  3
de_bruijn:                              # every pattern of six bits occurs once in it (Leiserson, Prokop,
        .dword  0x03f79d71b4cb0a89      # Randall, "Using de Bruijn Sequences to Index a 1 in a Computer
de_bruijn_places:                       # Word", 1998): pattern -> how far it is shifted
        .byte   0, 1, 48, 2, 57, 49, 28, 3, 61, 58, 50, 42, 38, 29, 17, 4
        .byte   62, 55, 59, 36, 53, 51, 43, 22, 45, 39, 33, 30, 24, 18, 12, 5
        .byte   63, 47, 56, 27, 60, 41, 37, 16, 54, 35, 52, 21, 44, 32, 23, 11
        .byte   46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9, 13, 8, 7, 6

        .bss
        .align  3
bins:                                   # the first free block of each, or 0
        .zero   8 * BINS
bin_map:                                # bit n: bin n may have one
        .zero   8
heap_end:                               # the header behind the last block, or 0
        .zero   8
malloc_lock:
        .zero   8                       # a mutex, and 4 bytes of padding
