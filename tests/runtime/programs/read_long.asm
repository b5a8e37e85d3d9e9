# read_long.asm - 1,000 numbers, far more bytes than the input buffer: numbers cross its border.
# stdin-repeat: 1000 1234567
# expect: 1000 1234567000
# status: 0
        .text
        .globl  main
main:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        li      s0, 0
        li      s1, 0
next:
        call    read_int
        bnez    a1, done
        add     s0, s0, a0
        addi    s1, s1, 1
        j       next
done:
        mv      a0, s1
        call    print_int
        li      a0, ' '
        call    print_char
        mv      a0, s0
        call    print_int
        call    print_newline
        li      a0, 0
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret
