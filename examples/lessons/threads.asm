# threads.asm - several threads of three kinds in one address space; the argument says how many.
#
# Shows:  threads share code, data and heap; each has a stack and registers of its own. The kinds are
#         three functions: thread_create takes the address of any.
# Try:    simrec lessons run threads
#         simrec run examples/lessons/threads.asm 6 --harts 3

        .equ    MOST, 16
        .equ    WORDS, 100              # of the shared table
        .equ    DEPTH, 40               # calls within each other of a digger
        .equ    LOCAL, 256              # bytes on the stack of each such call
        .equ    ROUNDS, 8               # so that a thread lasts until the others are there

        .data
        .align  3
ended:                                  # threads that have done their work
        .dword  0
table:
        .set    word, 0
        .rept   WORDS
        .dword  word
        .set    word, word + 1
        .endr
handles:
        .zero   8 * MOST
entries:
        .dword  summer, digger, keeper
threads_ended:
        .asciz  " threads ended"

        .text

# summer - sums the table, in registers, ROUNDS times.
        .type   summer, @function
summer:
        li      t3, ROUNDS
1:      la      t0, table
        li      t1, WORDS
        li      a0, 0
2:      ld      t2, 0(t0)
        add     a0, a0, t2
        addi    t0, t0, 8
        addi    t1, t1, -1
        bnez    t1, 2b
        addi    t3, t3, -1
        bnez    t3, 1b
        j       finish

# digger - DEPTH calls within each other, ROUNDS times: LOCAL bytes of its own stack for each call.
        .type   digger, @function
digger:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        li      s0, ROUNDS
1:      li      a0, DEPTH
        call    dig
        addi    s0, s0, -1
        bnez    s0, 1b
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        j       finish

# dig - a0 calls deep; returns how deep it was.
dig:
        beqz    a0, 1f
        addi    sp, sp, -LOCAL
        sd      ra, LOCAL - 8(sp)
        addi    a0, a0, -1
        call    dig
        addi    a0, a0, 1
        ld      ra, LOCAL - 8(sp)
        addi    sp, sp, LOCAL
1:      ret

# keeper - a block of the heap, which all threads could see, filled and freed, ROUNDS times.
        .type   keeper, @function
keeper:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        li      s0, ROUNDS
1:      li      a0, 8 * WORDS
        call    malloc
        mv      s1, a0
        li      a1, 7
        li      a2, 8 * WORDS
        call    memset
        mv      a0, s1
        call    free
        addi    s0, s0, -1
        bnez    s0, 1b
        mv      a0, s1                  # where the block was
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32

# finish - counts the thread. In: a0 = its result.
        .type   finish, @function
finish:
        probe   result, a0
        la      t0, ended
        li      t1, 1
        amoadd.d zero, t1, (t0)
        ret

# number - the decimal digits at a1 as a number.
number:
        li      a0, 0
        li      t1, 10
1:      lbu     t0, 0(a1)
        beqz    t0, 2f
        mul     a0, a0, t1
        add     a0, a0, t0
        addi    a0, a0, -'0'
        addi    a1, a1, 1
        j       1b
2:      ret

        .globl  main
main:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        sd      s2, 0(sp)
        li      s2, 3                   # threads, if nothing else is asked for
        li      t0, 2
        blt     a0, t0, 1f
        ld      a1, 8(a1)
        call    number
        mv      s2, a0

1:      probe   begin, s2
        li      s0, 0                   # number of the thread
1:      li      t0, 3
        rem     t0, s0, t0
        slli    t0, t0, 3
        la      t1, entries
        add     t1, t1, t0
        ld      a0, 0(t1)
        mv      a1, s0
        call    thread_create
        la      t0, handles
        slli    t1, s0, 3
        add     t0, t0, t1
        sd      a0, 0(t0)
        addi    s0, s0, 1
        blt     s0, s2, 1b
        li      s0, 0
1:      la      t0, handles
        slli    t1, s0, 3
        add     t0, t0, t1
        ld      a0, 0(t0)
        call    thread_join
        addi    s0, s0, 1
        blt     s0, s2, 1b
        probe   end, s2

        la      t0, ended
        ld      a0, 0(t0)
        call    print_int
        la      a0, threads_ended
        call    print_str
        call    print_newline
        li      a0, 0
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        ld      s2, 0(sp)
        addi    sp, sp, 32
        ret
