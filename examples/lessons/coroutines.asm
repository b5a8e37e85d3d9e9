# coroutines.asm - a function that suspends itself and goes on: as a generator, on one thread and on two by turns;
#                  and a function that never does, called and as a coroutine.
#
# Shows:  what a coroutine keeps while it is suspended, where, and that any thread may resume it.
# Try:    simrec lessons run coroutines
#         simrec run examples/lessons/coroutines.asm generator
#         simrec events --kind coroutine
#         simrec replay --at N            N: behind a "saved", before the next "resumed"

        .ifndef COUNT
        .equ    COUNT, 12               # values that are asked for
        .endif

        .data
        .align  3
frame:  .dword  0                       # the generator's
sum:    .dword  0                       # of what it gave
turn:   .dword  0                       # values so far; even: main's turn, odd: the other thread's
ways:   .dword  name_call, called
        .dword  name_plain, plain
        .dword  name_generator, generator
        .dword  name_migrate, migrate
ways_end:
name_call:      .asciz "call"
name_plain:     .asciz "plain"
name_generator: .asciz "generator"
name_migrate:   .asciz "migrate"
usage:  .asciz  "give one of call, plain, generator, migrate\n"

        .text

# add - a function like any other.  a0, a1; a0 = their sum.
        .type   add, @function
add:    add     a0, a0, a1
        ret

# numbers - a generator: yields the Fibonacci numbers, one for each time that it is resumed, for ever. The
# number to yield is in a register, the next one in its stack frame: both must be there when it goes on.
        .type   numbers, @function
numbers:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        li      s0, 0
        li      t0, 1
        sd      t0, 8(sp)
1:      mv      a0, s0
        call    coroutine_yield
        ld      t0, 8(sp)
        add     t1, s0, t0
        mv      s0, t0
        sd      t1, 8(sp)
        j       1b

# called - add, by a call.
        .type   called, @function
called: addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        probe   begin, zero
        li      s0, COUNT
1:      mv      a0, s0
        li      a1, 1
        call    add
        probe   value, a0
        addi    s0, s0, -1
        bnez    s0, 1b
        probe   end, zero
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        addi    sp, sp, 32
        ret

# plain - add as a coroutine: it is resumed once, and returns.
        .type   plain, @function
plain:  addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        probe   begin, zero
        li      s0, COUNT
1:      la      a0, add
        mv      a1, s0
        call    coroutine_create
        mv      s1, a0
        li      a1, 1
        call    coroutine_resume
        probe   value, a0
        mv      a0, s1
        call    coroutine_destroy
        addi    s0, s0, -1
        bnez    s0, 1b
        probe   end, zero
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret

# next - resumes the generator and adds what it yields.
        .type   next, @function
next:   addi    sp, sp, -16
        sd      ra, 8(sp)
        ld      a0, frame
        li      a1, 0
        call    coroutine_resume
        probe   value, a0
        ld      t0, sum
        add     t0, t0, a0
        sd      t0, sum, t1
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

# make_numbers - the generator's frame.
        .type   make_numbers, @function
make_numbers:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        la      a0, numbers
        li      a1, 0
        call    coroutine_create
        sd      a0, frame, t0
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

# generator - all values, on one thread.
        .type   generator, @function
generator:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        call    make_numbers
        probe   begin, zero
        li      s0, COUNT
1:      call    next
        addi    s0, s0, -1
        bnez    s0, 1b
        probe   end, zero
        ld      a0, frame
        call    coroutine_destroy
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret

# migrate - the values by turns: what one thread suspended, the other resumes.
        .type   migrate, @function
migrate:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        call    make_numbers
        la      a0, turns
        li      a1, 1
        call    thread_create
        mv      s0, a0
        probe   begin, zero
        li      a0, 0
        call    turns
        probe   end, zero
        mv      a0, s0
        call    thread_join
        ld      a0, frame
        call    coroutine_destroy
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret

# turns - takes every other value.  a0 = 0: the even turns, 1: the odd ones.
        .type   turns, @function
turns:  addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        mv      s0, a0
        la      s1, turn
1:      ld      t0, 0(s1)
        li      t1, COUNT
        bge     t0, t1, 2f
        andi    t1, t0, 1
        bne     t1, s0, 1b              # the other's turn
        fence   r, rw
        call    next
        ld      t0, 0(s1)
        addi    t0, t0, 1
        fence   rw, w
        sd      t0, 0(s1)
        j       1b
2:      ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret

        .globl  main
main:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        li      t0, 2
        bne     a0, t0, 3f
        ld      s1, 8(a1)
        la      s0, ways
1:      ld      a0, 0(s0)
        mv      a1, s1
        call    strcmp
        beqz    a0, 2f
        addi    s0, s0, 16
        la      t0, ways_end
        bltu    s0, t0, 1b
        j       3f
2:      ld      t0, 8(s0)
        jalr    t0
        ld      a0, sum
        probe   total, a0
        li      a0, 0
        j       4f
3:      la      a0, usage
        call    print_str
        li      a0, 2
4:      ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret
