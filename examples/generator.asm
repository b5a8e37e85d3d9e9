# generator.asm - a coroutine that yields the squares 1, 4, 9, ..., one at each resume.
#
# Shows:  a coroutine keeps its place between calls without a thread and without a system call: its
#         registers and its live stack slice are saved in a frame on the heap.
# Try:    simrec run examples/generator.asm
#         simrec events --kind coroutine  created, saved, resumed, finished, destroyed
#         simrec replay --at N            at a `saved` event: the frame, with s0 and s1 in it

        .equ    SQUARES, 10

        .data
separator:
        .asciz  " "
done:
        .asciz  "end of squares\n"

        .text

# squares - yields 1*1, 2*2, ..., n*n and returns n.
#
# In:       a0 = n.
squares:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        mv      s0, a0                  # n
        li      s1, 1
next_square:
        bgt     s1, s0, squares_done
        mul     a0, s1, s1
        call    coroutine_yield         # main has the square; we go on at its next resume
        addi    s1, s1, 1
        j       next_square
squares_done:
        mv      a0, s0
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret

        .globl  main
main:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)

        la      a0, squares
        li      a1, SQUARES
        call    coroutine_create
        mv      s0, a0                  # the coroutine frame

print_next:
        mv      a0, s0
        li      a1, 0
        call    coroutine_resume
        beqz    a1, generator_finished  # a1 = 0: it returned, a0 is no square
        call    print_int
        la      a0, separator
        call    print_str
        j       print_next

generator_finished:
        call    print_newline
        la      a0, done
        call    print_str
        mv      a0, s0
        call    coroutine_destroy

        li      a0, 0
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret
