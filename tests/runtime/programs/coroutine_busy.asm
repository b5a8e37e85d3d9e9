# coroutine_busy.asm - a running coroutine can't be resumed or destroyed, neither by itself nor by
# a coroutine that it resumed.
# expect: itself: -16 -1 -16
# expect: its child: -16 -1 -16
# status: 0
        .data
itself: .asciz  "itself: "
child_text:
        .asciz  "its child: "
        .text

# attack - prints the text a0, then what resume (a0, a1) and destroy say of the frame a1.
attack:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        mv      s0, a1
        call    print_str
        mv      a0, s0
        li      a1, 0
        call    coroutine_resume
        mv      s1, a1
        call    print_int
        li      a0, ' '
        call    print_char
        mv      a0, s1
        call    print_int
        li      a0, ' '
        call    print_char
        mv      a0, s0
        call    coroutine_destroy
        call    print_int
        call    print_newline
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret

child:
        mv      a1, a0                  # the parent's frame
        la      a0, child_text
        tail    attack

parent:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        call    coroutine_self
        mv      s0, a0
        mv      a1, a0
        la      a0, itself
        call    attack
        la      a0, child
        mv      a1, s0
        call    coroutine_create
        mv      s0, a0
        li      a1, 0
        call    coroutine_resume
        mv      a0, s0
        call    coroutine_destroy
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret

        .globl  main
main:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        la      a0, parent
        li      a1, 0
        call    coroutine_create
        mv      s0, a0
        li      a1, 0
        call    coroutine_resume
        mv      a0, s0
        call    coroutine_destroy
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret
