# multitasking-fib.asm - a Fibonacci number by plain recursion: computes, and calls deeply.
#
# Shows:  with multitasking-primes.asm and multitasking-clock.asm: three processes on one hart. A switch
#         keeps all that this program is: registers, pc, and by another page table its stack, which begins
#         at the same address as the others'.
# Try:    simrec run examples/lessons/multitasking-*.asm --harts 1 --name tasks
#         simrec replay tasks --at 20000                  three stacks at one address, three call stacks
#         simrec events tasks --process 2 --kind thread   when it ran, and when it only was ready to

        .equ    N, 12

        .data
        .align  3
answer:                                 # fib(N)
        .dword  0
fib_of:
        .asciz  "fib("
equals:
        .asciz  ") = "

        .text

# fib - In: a0 = n. Result: a0 = fib(n).
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

        .globl  main
main:
        addi    sp, sp, -16
        sd      ra, 8(sp)

        li      a0, N
        call    fib
        la      t0, answer
        sd      a0, 0(t0)

        la      a0, fib_of
        call    print_str
        li      a0, N
        call    print_int
        la      a0, equals
        call    print_str
        la      t0, answer
        ld      a0, 0(t0)
        call    print_int
        call    print_newline

        li      a0, 0
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret
