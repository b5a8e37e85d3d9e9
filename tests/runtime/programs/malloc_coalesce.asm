# malloc_coalesce.asm - free merges with both neighbours, so one large block fits again.
# expect: aligned 0
# expect: apart 112
# expect: split 0
# expect: merged 0
# status: 0
        .data
aligned:
        .asciz  "aligned "
apart:  .asciz  "apart "
split:  .asciz  "split "
merged: .asciz  "merged "
        .text

# say - prints the text in a0 and the number in a1.
say:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      a1, 0(sp)
        call    print_str
        ld      a0, 0(sp)
        call    print_int
        call    print_newline
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

        .globl  main
main:
        addi    sp, sp, -48
        sd      ra, 40(sp)
        sd      s0, 32(sp)
        sd      s1, 24(sp)
        sd      s2, 16(sp)
        sd      s3, 8(sp)
        li      a0, 90                  # 16 + 90 bytes, rounded up: a block of 112
        call    malloc
        mv      s0, a0
        li      a0, 90
        call    malloc
        mv      s1, a0
        li      a0, 90
        call    malloc
        mv      s2, a0
        li      a0, 1                   # keeps the rest of the heap away from the three
        call    malloc
        mv      s3, a0

        or      a1, s0, s1
        or      a1, a1, s2
        or      a1, a1, s3
        andi    a1, a1, 15
        la      a0, aligned
        call    say
        sub     a1, s1, s0
        la      a0, apart
        call    say

        mv      a0, s0                  # a small block takes the front of the first that fits
        call    free
        li      a0, 16
        call    malloc
        sub     a1, a0, s0
        mv      s0, a0
        la      a0, split
        call    say

        mv      a0, s2                  # last, first, middle: the middle one joins all three
        call    free
        mv      a0, s0
        call    free
        mv      a0, s1
        call    free
        li      a0, 320                 # 3 * 112 - 16: exactly the three blocks
        call    malloc
        sub     a1, a0, s0
        la      a0, merged
        call    say
        li      a0, 0
        ld      ra, 40(sp)
        ld      s0, 32(sp)
        ld      s1, 24(sp)
        ld      s2, 16(sp)
        ld      s3, 8(sp)
        addi    sp, sp, 48
        ret
