# multitasking-primes.asm - counts the primes below a limit; computes all the time and asks for nothing.
#
# Shows:  with multitasking-fib.asm and multitasking-clock.asm: three processes on one hart. Each believes
#         that it has the machine to itself, and none has a line of code for sharing it: the timer ends its
#         time slice. `answer` has the same address in this program and in multitasking-fib.asm, and other
#         contents: another page table, another page.
# Try:    simrec run examples/lessons/multitasking-*.asm --harts 1 --name tasks
#         simrec events tasks --kind context_switch --kind output
#         simrec replay tasks --at 20000 --process 3
#         simrec query "select pid, function, count(*) as n from instruction_code group by all order by n" tasks
#         --quantum 100 and 10000: who is done first, and what the switches cost (simrec stats tasks)

        .equ    LIMIT, 500              # numbers below this

        .data
        .align  3
answer:                                 # primes found so far
        .dword  0
primes_below:
        .asciz  " primes below "

        .text
        .globl  main
main:
        addi    sp, sp, -16
        sd      ra, 8(sp)

        li      t0, 2                   # the number looked at
next_number:
        li      t1, LIMIT
        bge     t0, t1, all_counted
        li      t2, 2                   # what may divide it
try_divisor:
        mul     t3, t2, t2
        bgt     t3, t0, is_a_prime      # a larger divisor has a smaller partner
        rem     t4, t0, t2
        beqz    t4, not_a_prime
        addi    t2, t2, 1
        j       try_divisor
is_a_prime:
        la      t5, answer
        ld      t6, 0(t5)
        addi    t6, t6, 1
        sd      t6, 0(t5)
not_a_prime:
        addi    t0, t0, 1
        j       next_number

all_counted:
        la      t5, answer
        ld      a0, 0(t5)
        call    print_int
        la      a0, primes_below
        call    print_str
        li      a0, LIMIT
        call    print_int
        call    print_newline

        li      a0, 0
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret
