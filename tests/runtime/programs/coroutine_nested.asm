# coroutine_nested.asm - a coroutine that resumes another: the outer one yields each sum of two
# values that the inner one yields to it. coroutine_self knows who runs.
# expect: 3 7 11 15 19
# expect: self was right: 1, outside: 0
# status: 0
        .data
right:  .asciz  "self was right: "
outside:
        .asciz  ", outside: "
        .bss
        .align  3
mistakes:
        .zero   8
        .text

# check_self - counts a mistake unless coroutine_self() is a0.
check_self:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      a0, 0(sp)
        call    coroutine_self
        ld      t0, 0(sp)
        beq     a0, t0, 1f
        la      t0, mistakes
        ld      t1, 0(t0)
        addi    t1, t1, 1
        sd      t1, 0(t0)
1:      ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

# inner - yields 1, 2, ..., a0; its own frame is the value of the first resume.
inner:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        sd      s2, 0(sp)
        mv      s0, a0
        mv      s2, a1
        li      s1, 1
1:      mv      a0, s2
        call    check_self
        mv      a0, s1
        call    coroutine_yield
        addi    s1, s1, 1
        ble     s1, s0, 1b
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        ld      s2, 0(sp)
        addi    sp, sp, 32
        ret

# outer - a0 = how many values inner shall yield; its own frame is the value of the first resume.
outer:
        addi    sp, sp, -48
        sd      ra, 40(sp)
        sd      s0, 32(sp)
        sd      s1, 24(sp)
        sd      s2, 16(sp)
        mv      s2, a1
        mv      a1, a0
        la      a0, inner
        call    coroutine_create
        mv      s0, a0
1:      mv      a0, s0
        mv      a1, s0
        call    coroutine_resume
        beqz    a1, 2f
        mv      s1, a0
        mv      a0, s2
        call    check_self
        mv      a0, s0
        li      a1, 0
        call    coroutine_resume
        add     a0, a0, s1
        call    coroutine_yield
        j       1b
2:      mv      a0, s0
        call    coroutine_destroy
        ld      ra, 40(sp)
        ld      s0, 32(sp)
        ld      s1, 24(sp)
        ld      s2, 16(sp)
        addi    sp, sp, 48
        ret

        .globl  main
main:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        la      a0, outer
        li      a1, 10
        call    coroutine_create
        mv      s0, a0
        li      s1, 5
1:      mv      a0, s0
        mv      a1, s0
        call    coroutine_resume
        call    print_int
        addi    s1, s1, -1
        beqz    s1, 2f
        li      a0, ' '
        call    print_char
        j       1b
2:      call    print_newline
        mv      a0, s0
        mv      a1, s0
        call    coroutine_resume        # inner is at its end, so is outer
        mv      s1, a1
        mv      a0, s0
        call    coroutine_destroy
        la      a0, right
        call    print_str
        ld      a0, mistakes
        add     a0, a0, s1
        seqz    a0, a0
        call    print_int
        la      a0, outside
        call    print_str
        call    coroutine_self
        call    print_int
        call    print_newline
        li      a0, 0
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret
