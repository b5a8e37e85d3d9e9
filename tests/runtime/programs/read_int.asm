# read_int.asm - sums the numbers of its input; a1 says why it stopped.
# stdin: 1 2   -3
# stdin:
# stdin: 	+40 9223372036854775807 -9223372036854775808
# stdin: 5x
# expect: 1
# expect: 2
# expect: -3
# expect: 40
# expect: 9223372036854775807
# expect: -9223372036854775808
# expect: 5
# expect: a1 = -22
# expect: rest: x
# expect: a1 = -1
# status: 0
        .data
a1_is:  .asciz  "a1 = "
rest:   .asciz  "rest: "
        .bss
buffer: .zero   16
        .text
        .globl  main
main:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
next:
        call    read_int
        bnez    a1, stopped
        call    print_int
        call    print_newline
        j       next
stopped:
        mv      s0, a1
        la      a0, a1_is
        call    print_str
        mv      a0, s0
        call    print_int
        call    print_newline
        li      t0, -1
        beq     s0, t0, done
        la      a0, rest
        call    print_str
        la      a0, buffer
        li      a1, 16
        call    read_line
        la      a0, buffer
        call    print_str
        call    print_newline
        j       next
done:
        li      a0, 0
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret
