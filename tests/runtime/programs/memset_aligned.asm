# memset_aligned.asm - the eight-bytes-a-step path, and nothing beyond the end.
# expect: 0x5a5a5a5a5a5a5a5a 0x5a5a5a
# status: 0
        .bss
        .align  3
buffer: .zero   16
        .text
        .globl  main
main:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        la      a0, buffer
        li      a1, 0x5a
        li      a2, 11
        call    memset
        la      t0, buffer
        ld      a0, 0(t0)
        call    print_hex
        li      a0, ' '
        call    print_char
        la      t0, buffer
        ld      a0, 8(t0)
        call    print_hex
        call    print_newline
        li      a0, 0
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret
