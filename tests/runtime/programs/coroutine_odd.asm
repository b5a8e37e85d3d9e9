# coroutine_odd.asm - a coroutine may yield with an odd number of words on its stack, as `push` leaves
# them; all come back.
# expect: 11 22 33
# status: 0
        .text

# three - yields with three words on the stack, over and over, then prints them.
three:  addi    sp, sp, -24
        li      t0, 11
        sd      t0, 16(sp)
        li      t0, 22
        sd      t0, 8(sp)
        li      t0, 33
        sd      t0, 0(sp)
        call    coroutine_yield
        call    coroutine_yield
        ld      s3, 0(sp)
        ld      s2, 8(sp)
        ld      s1, 16(sp)
        addi    sp, sp, 24
        mv      a0, s1
        call    print_int
        li      a0, ' '
        call    print_char
        mv      a0, s2
        call    print_int
        li      a0, ' '
        call    print_char
        mv      a0, s3
        call    print_int
        li      a0, '\n'
        call    print_char
        li      a0, 0
        li      a1, 0
        j       coroutine_yield

        .globl  main
main:   addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        la      a0, three
        li      a1, 0
        call    coroutine_create
        mv      s0, a0
        call    coroutine_resume
        mv      a0, s0
        call    coroutine_resume
        mv      a0, s0
        call    coroutine_resume
        mv      a0, s0
        call    coroutine_destroy
        li      a0, 0
        ld      s0, 0(sp)
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret
