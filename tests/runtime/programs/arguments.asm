# arguments.asm - argc, argv and envp as _start hands them to main; sp is aligned.
# args: one two
# expect: 3
# expect: one
# expect: two
# expect: argv[argc] = 0
# expect: envp = &argv[argc + 1]
# status: 0
        .data
argv_end:
        .asciz  "argv[argc] = "
envp_is:
        .asciz  "envp = &argv[argc + 1]\n"
        .text
        .globl  main
main:
        andi    t0, sp, 15
        beqz    t0, 1f
        ebreak                          # psABI: sp is a multiple of 16
1:      addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        sd      s2, 0(sp)
        mv      s0, a0
        mv      s1, a1
        mv      s2, a2
        call    print_int
        call    print_newline
        ld      a0, 8(s1)
        call    print_str
        call    print_newline
        ld      a0, 16(s1)
        call    print_str
        call    print_newline
        la      a0, argv_end
        call    print_str
        slli    s0, s0, 3
        add     s0, s0, s1
        ld      a0, 0(s0)
        call    print_int
        call    print_newline
        addi    s0, s0, 8
        bne     s0, s2, 2f
        la      a0, envp_is
        call    print_str
2:      li      a0, 0
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        ld      s2, 0(sp)
        addi    sp, sp, 32
        ret
