# string.asm - strlen, strcmp, memcpy and memset, aligned and not.
# expect: 0 5 -1 0 1 1
# expect: copied: the quick brown fox
# expect: shifted: he quick brown fox
# expect: filled: ..*****************..
# status: 0
        .data
        .align  3
quick:  .asciz  "the quick brown fox"
        .align  3
dots:   .asciz  "....................."
empty:  .asciz  ""
abc:    .asciz  "abc"
abd:    .asciz  "abd"
high:   .byte   0x80, 0                 # greater than 'a' only if bytes are unsigned
fives:  .asciz  "fives"
copied: .asciz  "copied: "
shifted:
        .asciz  "shifted: "
filled: .asciz  "filled: "
        .bss
        .align  3
buffer: .zero   32
        .text

# print_sign - prints -1, 0 or 1 as a0 is negative, 0 or positive, after a space.
print_sign:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sgtz    t0, a0
        sltz    t1, a0
        sub     t0, t0, t1
        sd      t0, 0(sp)
        li      a0, ' '
        call    print_char
        ld      a0, 0(sp)
        call    print_int
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

        .globl  main
main:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        la      a0, empty
        call    strlen
        call    print_int
        li      a0, ' '
        call    print_char
        la      a0, fives
        call    strlen
        call    print_int
        la      a0, abc
        la      a1, abd
        call    strcmp
        call    print_sign
        la      a0, abc
        la      a1, abc
        call    strcmp
        call    print_sign
        la      a0, abc
        la      a1, empty
        call    strcmp
        call    print_sign
        la      a0, high
        la      a1, abc
        call    strcmp
        call    print_sign
        call    print_newline

        la      a0, copied
        call    print_str
        la      a0, buffer
        la      a1, quick
        li      a2, 20
        call    memcpy
        call    print_str               # memcpy returns the destination
        call    print_newline
        la      a0, shifted
        call    print_str
        la      a0, buffer
        la      a1, quick + 1
        li      a2, 19
        call    memcpy
        call    print_str
        call    print_newline
        la      a0, filled
        call    print_str
        la      a0, dots + 2
        li      a1, 0x1000 + '*'        # only the low byte counts
        li      a2, 17
        call    memset
        addi    a0, a0, -2
        call    print_str
        call    print_newline
        li      a0, 0
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret
