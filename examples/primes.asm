# primes.asm - the sieve of Eratosthenes, one thread.
#
# Shows:  plain computing on memory: a byte for each number, crossed out by the multiples of each
#         prime. A good program for watching one array change.
# Try:    simrec run examples/primes.asm
#         simrec replay --at 1000         crossed out so far
#         make LIMIT 10000 and see what `simrec stats` says about loads and stores

        .equ    LIMIT, 100              # numbers below this

        .bss
crossed_out:                            # crossed_out[n] = 1: n is no prime
        .zero   LIMIT

        .data
separator:
        .asciz  " "
primes_below:
        .asciz  " primes below "

        .text
        .globl  main
main:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        sd      s2, 0(sp)

        la      s0, crossed_out
        li      s1, 2                   # the number looked at
        li      s2, 0                   # primes found
sieve_next:
        li      t0, LIMIT
        bge     s1, t0, sieve_done
        add     t1, s0, s1
        lbu     t2, 0(t1)
        bnez    t2, not_a_prime

        mul     t3, s1, s1              # smaller multiples have a smaller prime factor
        li      t4, 1
cross_out:
        bge     t3, t0, is_a_prime
        add     t1, s0, t3
        sb      t4, 0(t1)
        add     t3, t3, s1
        j       cross_out

is_a_prime:
        addi    s2, s2, 1
        mv      a0, s1
        call    print_int
        la      a0, separator
        call    print_str
not_a_prime:
        addi    s1, s1, 1
        j       sieve_next

sieve_done:
        call    print_newline
        mv      a0, s2
        call    print_int
        la      a0, primes_below
        call    print_str
        li      a0, LIMIT
        call    print_int
        call    print_newline

        li      a0, 0
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        ld      s2, 0(sp)
        addi    sp, sp, 32
        ret
