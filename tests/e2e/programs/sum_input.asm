# sum_input.asm - adds the numbers on standard input and prints the sum.
        .text
        .globl main
main:   push ra
        push s0
        li s0, 0
1:      call read_int
        bltz a1, 2f
        add s0, s0, a0
        j 1b
2:      mv a0, s0
        call print_int
        call print_newline
        li a0, 0
        pop s0
        pop ra
        ret
