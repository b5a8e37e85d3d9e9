# coroutine_values.asm - values in both directions, the states of a1, a finished coroutine resumed.
# expect: entry got 7 and 100
# expect: main got 1, 1
# expect: yield gave 200, 0
# expect: main got 2, 1
# expect: yield gave 300, 0
# expect: main got 3, 0
# expect: main got 0, 0
# expect: destroyed: 0
# expect: yield outside: 0, -1
# status: 0
        .data
entry_got:
        .asciz  "entry got "
and:    .asciz  " and "
comma:  .asciz  ", "
main_got:
        .asciz  "main got "
yield_gave:
        .asciz  "yield gave "
destroyed:
        .asciz  "destroyed: "
outside:
        .asciz  "yield outside: "
        .text

# say - prints the text a0, the number a1, the text a2, the number a3 and a line feed.
say:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      a1, 16(sp)
        sd      a2, 8(sp)
        sd      a3, 0(sp)
        call    print_str
        ld      a0, 16(sp)
        call    print_int
        ld      a0, 8(sp)
        call    print_str
        ld      a0, 0(sp)
        call    print_int
        call    print_newline
        ld      ra, 24(sp)
        addi    sp, sp, 32
        ret

talker:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        mv      a3, a1
        mv      a1, a0
        la      a0, entry_got
        la      a2, and
        call    say
        li      a0, 1
        call    coroutine_yield
        mv      a3, a1
        mv      a1, a0
        la      a0, yield_gave
        la      a2, comma
        call    say
        li      a0, 2
        call    coroutine_yield
        mv      a3, a1
        mv      a1, a0
        la      a0, yield_gave
        la      a2, comma
        call    say
        li      a0, 3
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

        .globl  main
main:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        sd      s2, 0(sp)
        la      a0, talker
        li      a1, 7
        call    coroutine_create
        mv      s0, a0
        li      s1, 100
        li      s2, 500
1:      mv      a0, s0
        mv      a1, s1
        call    coroutine_resume
        mv      a3, a1
        mv      a1, a0
        la      a0, main_got
        la      a2, comma
        call    say
        addi    s1, s1, 100
        bne     s1, s2, 1b
        mv      a0, s0
        call    coroutine_destroy
        mv      s1, a0
        la      a0, destroyed
        call    print_str
        mv      a0, s1
        call    print_int
        call    print_newline
        li      a0, 0
        call    coroutine_destroy       # nothing to do

        li      a0, 9
        call    coroutine_yield
        mv      a3, a1
        mv      a1, a0
        la      a0, outside
        la      a2, comma
        call    say
        li      a0, 0
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        ld      s2, 0(sp)
        addi    sp, sp, 32
        ret
