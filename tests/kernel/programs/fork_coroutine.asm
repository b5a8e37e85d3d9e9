# fork_coroutine.asm - a process forks while a coroutine is suspended; both resume their own copy of it.
        .text
        .globl  main
main:   addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        la      a0, body
        li      a1, 1
        call    coroutine_create
        mv      s0, a0
        li      a1, 0
        call    coroutine_resume
        li      a0, 17
        li      a1, 0
        li      a2, 0
        li      a3, 0
        li      a4, 0
        li      a7, 220
        ecall
        beqz    a0, child
        li      a1, 0
        li      a2, 0
        li      a3, 0
        li      a7, 260
        ecall
        la      a0, parent_text
        call    finish
        mv      a0, s0
        call    coroutine_destroy
        li      a0, 0
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        addi    sp, sp, 32
        ret
child:  la      a0, child_text
        call    finish
        li      a0, 0
        li      a7, 94
        ecall

# finish - resumes the coroutine to its end and prints what it returned. a0 = text, s0 = frame.
finish: addi    sp, sp, -16
        sd      ra, 8(sp)
        call    print_str
        mv      a0, s0
        li      a1, 0
        call    coroutine_resume
        call    print_int
        call    print_newline
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

body:   addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      a0, 0(sp)
        call    coroutine_yield
        ld      a0, 0(sp)
        addi    a0, a0, 1
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret
        .data
parent_text: .asciz "parent "
child_text: .asciz "child "
