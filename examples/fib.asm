# fib.asm - Fibonacci numbers by plain recursion.
#
# Shows:  the call stack. fib(15) makes 1,973 calls; those with n > 1 push a frame of 32 bytes.
# Try:    simrec run examples/fib.asm             fib(15) = 610
#         simrec run examples/fib.asm 20          the argument is argv[1]
#         simrec replay --at 5000                 the call stack, with its frames

        .equ    DEFAULT_N, 15

        .data
fib_of:
        .asciz  "fib("
equals:
        .asciz  ") = "

        .text

# fib - the n-th Fibonacci number.
#
# In:       a0 = n.
# Result:   a0 = fib(n).
fib:
        li      t0, 2
        blt     a0, t0, fib_small       # fib(0) = 0, fib(1) = 1
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        mv      s0, a0
        addi    a0, s0, -1
        call    fib
        mv      s1, a0
        addi    a0, s0, -2
        call    fib
        add     a0, a0, s1
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
fib_small:
        ret

# parse_int - the number that a string of digits stands for; stops at the first other byte.
#
# In:       a0 = string.
# Result:   a0 = number.
parse_int:
        mv      t0, a0
        li      a0, 0
        li      t2, 10
parse_digit:
        lbu     t1, 0(t0)
        addi    t1, t1, -'0'
        bgeu    t1, t2, parse_done
        mul     a0, a0, t2
        add     a0, a0, t1
        addi    t0, t0, 1
        j       parse_digit
parse_done:
        ret

# main - In: a0 = argc, a1 = argv.
        .globl  main
main:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        li      s0, DEFAULT_N
        li      t0, 2
        blt     a0, t0, n_is_known
        ld      a0, 8(a1)               # argv[1]
        call    parse_int
        mv      s0, a0
n_is_known:
        la      a0, fib_of
        call    print_str
        mv      a0, s0
        call    print_int
        la      a0, equals
        call    print_str
        mv      a0, s0
        call    fib
        call    print_int
        call    print_newline
        li      a0, 0
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret
