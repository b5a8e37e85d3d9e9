# read_line.asm - lines: short, empty, exactly full, longer than the buffer; then the end of input.
# stdin: abc
# stdin:
# stdin: 1234567
# stdin: 123456789
# expect: 3 <abc>
# expect: 0 <>
# expect: 7 <1234567>
# expect: 0 <>
# expect: 7 <1234567>
# expect: 2 <89>
# expect: -1 <>
# expect: n = 0: -22
# status: 0
        .data
open:   .asciz  " <"
close:  .asciz  ">\n"
n_is_0: .asciz  "n = 0: "
        .bss
buffer: .zero   8
        .text
        .globl  main
main:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
next:
        la      a0, buffer
        li      a1, 8
        call    read_line
        mv      s0, a0
        call    print_int
        la      a0, open
        call    print_str
        la      a0, buffer
        call    print_str
        la      a0, close
        call    print_str
        bgez    s0, next
        la      a0, n_is_0
        call    print_str
        la      a0, buffer
        li      a1, 0
        call    read_line
        call    print_int
        call    print_newline
        li      a0, 0
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret
