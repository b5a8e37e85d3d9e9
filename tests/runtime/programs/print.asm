# print.asm - every print function, with the extreme values.
# expect: 0 7 -7 1234567890
# expect: 9223372036854775807
# expect: -9223372036854775808
# expect: 0x0 0xdeadbeef 0xffffffffffffffff
# expect: [a string][]
# expect: wrote 8 3 1 1
# status: 7
        .data
text:   .asciz  "[a string]"
empty:  .asciz  ""
wrote:  .asciz  "wrote "
        .text

space:
        li      a0, ' '
        tail    print_char

        .globl  main
main:
        addi    sp, sp, -48
        sd      ra, 40(sp)
        sd      s0, 32(sp)
        sd      s1, 24(sp)
        sd      s2, 16(sp)
        sd      s3, 8(sp)
        li      a0, 0
        call    print_int
        call    space
        li      a0, 7
        call    print_int
        call    space
        li      a0, -7
        call    print_int
        call    space
        li      a0, 1234567890
        call    print_int
        call    print_newline
        li      a0, 0x7fffffffffffffff
        call    print_int
        call    print_newline
        li      a0, 0x8000000000000000
        call    print_int
        call    print_newline
        li      a0, 0
        call    print_hex
        call    space
        li      a0, 0xdeadbeef
        call    print_hex
        call    space
        li      a0, -1
        call    print_hex
        call    print_newline
        la      a0, text
        call    print_str
        la      a0, empty
        call    print_str
        li      a0, '['
        call    print_char
        li      a0, ']'
        call    print_char
        call    print_newline

        # what they return: the number of bytes written
        la      a0, wrote
        call    print_str
        mv      s0, a0                  # 6
        addi    s0, s0, 2
        mv      a0, s0
        call    print_int
        call    space
        mv      s1, a0                  # 1
        li      a0, 3
        call    print_int
        mv      s2, a0                  # 1
        call    space
        mv      a0, s1
        call    print_int
        call    space
        mv      a0, s2
        call    print_int
        call    print_newline
        li      a0, 7
        ld      ra, 40(sp)
        ld      s0, 32(sp)
        ld      s1, 24(sp)
        ld      s2, 16(sp)
        ld      s3, 8(sp)
        addi    sp, sp, 48
        ret
