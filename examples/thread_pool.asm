# thread_pool.asm - a pool of threads counts the primes below 4000, in forty tasks of a hundred numbers.
#
# Shows:  work cut into tasks that any thread takes when it is free. The later tasks are longer (larger
#         numbers take more divisions), and nobody has to plan who does which. Each result comes back
#         through the task that pool_submit gave.
# Try:    simrec run examples/thread_pool.asm 1 --harts 4
#         simrec run examples/thread_pool.asm 4 --harts 4
#         simrec run examples/thread_pool.asm 64 --harts 4      more threads than harts: is it faster?
#         simrec contention                    where the pool's threads wait for tasks

        .equ    THREADS, 4              # unless argv[1] says how many
        .equ    TASKS, 40
        .equ    NUMBERS, 100            # that one task looks at

        .bss
        .align  3
tasks:  .zero   8 * TASKS

        .data
primes: .asciz  " primes below 4000, counted by "
threads:
        .asciz  " threads\n"
refused:
        .asciz  "no pool of so many threads\n"

        .text

# count_primes - a task: the primes among a0, a0 + 1, ..., a0 + NUMBERS - 1.
#
# Result:   a0 = how many.
count_primes:
        mv      t0, a0                  # the number
        addi    t1, a0, NUMBERS
        li      a0, 0
next_number:
        li      t2, 2                   # the divisor
        bltu    t0, t2, not_prime
next_divisor:
        mul     t3, t2, t2
        bgtu    t3, t0, is_prime        # no divisor up to its square root
        remu    t3, t0, t2
        beqz    t3, not_prime
        addi    t2, t2, 1
        j       next_divisor
is_prime:
        addi    a0, a0, 1
not_prime:
        addi    t0, t0, 1
        bne     t0, t1, next_number
        ret

        .globl  main
main:
        addi    sp, sp, -48
        sd      ra, 40(sp)
        sd      s0, 32(sp)
        sd      s1, 24(sp)
        sd      s2, 16(sp)
        sd      s3, 8(sp)

        li      s3, THREADS
        li      t0, 2
        blt     a0, t0, make_pool
        ld      t1, 8(a1)               # argv[1], a decimal number
        li      s3, 0
        li      t2, 10
digit:
        lbu     t0, 0(t1)
        beqz    t0, make_pool
        mul     s3, s3, t2
        addi    t0, t0, -'0'
        add     s3, s3, t0
        addi    t1, t1, 1
        j       digit

make_pool:
        mv      a0, s3
        call    pool_create
        bltz    a0, no_pool
        mv      s0, a0

        la      s1, tasks
        li      s2, 0                   # the first number of the next task
submit:
        mv      a0, s0
        la      a1, count_primes
        mv      a2, s2
        call    pool_submit             # sleeps while the pool's queue is full
        sd      a0, 0(s1)
        addi    s1, s1, 8
        addi    s2, s2, NUMBERS
        li      t0, TASKS * NUMBERS
        bne     s2, t0, submit

        la      s1, tasks
        li      s2, 0                   # primes
collect:
        ld      a0, 0(s1)
        call    task_wait               # sleeps until that task has run
        add     s2, s2, a0
        addi    s1, s1, 8
        la      t0, tasks + 8 * TASKS
        bne     s1, t0, collect
        mv      a0, s0
        call    pool_shutdown

        mv      a0, s2
        call    print_int
        la      a0, primes
        call    print_str
        mv      a0, s3
        call    print_int
        la      a0, threads
        call    print_str
        li      a0, 0
        j       done
no_pool:
        la      a0, refused
        call    print_str
        li      a0, 1
done:
        ld      ra, 40(sp)
        ld      s0, 32(sp)
        ld      s1, 24(sp)
        ld      s2, 16(sp)
        ld      s3, 8(sp)
        addi    sp, sp, 48
        ret
