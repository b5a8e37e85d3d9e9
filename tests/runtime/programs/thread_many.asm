# thread_many.asm - 300 threads one after the other; joining unmaps the stack, so that protecting
# a page of it fails with ENOMEM (-12) each time.
# expect: sum = 44850
# expect: stacks left: 0
# status: 0
        .equ    COUNT, 300
        .data
sum_is: .asciz  "sum = "
left:   .asciz  "stacks left: "
        .text
identity:
        ret
        .globl  main
main:
        addi    sp, sp, -48
        sd      ra, 40(sp)
        sd      s0, 32(sp)
        sd      s1, 24(sp)
        sd      s2, 16(sp)
        sd      s3, 8(sp)
        li      s0, 0
        li      s1, 0
        li      s3, 0                   # stacks that were still there
1:      la      a0, identity
        mv      a1, s0
        call    thread_create
        bltz    a0, 3f
        mv      s2, a0
        call    thread_join
        add     s1, s1, a0
        srli    a0, s2, 12
        slli    a0, a0, 12              # the page of the control block
        li      a1, 4096
        li      a2, 1
        li      a7, 226                 # mprotect
        ecall
        addi    a0, a0, 12
        beqz    a0, 2f
        addi    s3, s3, 1
2:      addi    s0, s0, 1
        li      t0, COUNT
        bne     s0, t0, 1b
3:      la      a0, sum_is
        call    print_str
        mv      a0, s1
        call    print_int
        call    print_newline
        la      a0, left
        call    print_str
        mv      a0, s3
        call    print_int
        call    print_newline
        li      a0, 0
        ld      ra, 40(sp)
        ld      s0, 32(sp)
        ld      s1, 24(sp)
        ld      s2, 16(sp)
        ld      s3, 8(sp)
        addi    sp, sp, 48
        ret
