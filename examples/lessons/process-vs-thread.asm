# process-vs-thread.asm - afunc needs what bfunc computes: in another process, another thread, or by a call.
#
# Shows:  what it costs to have two processes or two threads, and to bring a value from one to the other.
# Try:    simrec lessons run process-vs-thread
#         simrec run examples/lessons/process-vs-thread.asm processes
#         simrec run --define ROUNDS=1000 --harts 1 examples/lessons/process-vs-thread.asm threads

        .ifndef ROUNDS
        .equ    ROUNDS, 40              # values that afunc asks for
        .endif

        .equ    SYS_CLOSE, 57
        .equ    SYS_READ, 63
        .equ    SYS_WRITE, 64

        .data
        .align  3
asked:  .dword  0                       # for threads: the question ...
answer: .dword  0                       # ... and the answer, plain variables of the one memory
to_b:   .word   0, 0                    # semaphores: there is a question, there is an answer
to_a:   .word   0, 0
there:  .word   0, 0                    # for processes: two pipes, the end to read from first
back:   .word   0, 0
word:   .dword  0                       # what goes through them; each process has its own
ways:   .dword  name_processes, processes
        .dword  name_threads, threads
        .dword  name_call, one_call
ways_end:
name_processes: .asciz "processes"
name_threads:   .asciz "threads"
name_call:      .asciz "call"
usage:  .asciz  "give one of processes, threads, call\n"

        .text

# bfunc - computes: 1 + 2 + ... + n.  a0 = n; a0 = the sum.
        .type   bfunc, @function
bfunc:
        li      t0, 0
1:      add     t0, t0, a0
        addi    a0, a0, -1
        bnez    a0, 1b
        mv      a0, t0
        ret

# afunc - needs bfunc(1) + ... + bfunc(ROUNDS).  a0 = the function to ask; a0 = the sum.
        .type   afunc, @function
afunc:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        sd      s2, 0(sp)
        mv      s0, a0
        li      s1, 1
        li      s2, 0
1:      mv      a0, s1
        jalr    s0
        add     s2, s2, a0
        addi    s1, s1, 1
        li      t0, ROUNDS
        ble     s1, t0, 1b
        mv      a0, s2
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        ld      s2, 0(sp)
        addi    sp, sp, 32
        ret

# one_call - one thread: afunc calls bfunc.
        .type   one_call, @function
one_call:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        probe   born, zero
        la      a0, bfunc
        call    afunc
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

# Two threads: variables, and a semaphore for each direction.

        .type   threads, @function
threads:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        la      a0, b_thread
        li      a1, 0
        call    thread_create
        mv      s0, a0
        la      a0, ask_thread
        call    afunc
        sd      a0, answer, t0
        li      a0, 0                   # the question that ends bfunc's thread
        la      t0, asked
        sd      a0, 0(t0)
        la      a0, to_b
        call    sem_post
        mv      a0, s0
        call    thread_join
        ld      a0, answer
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret

        .type   ask_thread, @function
ask_thread:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        la      t0, asked
        sd      a0, 0(t0)
        la      a0, to_b
        call    sem_post
        la      a0, to_a
        call    sem_wait
        ld      a0, answer
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

        .type   b_thread, @function
b_thread:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        probe   born, zero
1:      la      a0, to_b
        call    sem_wait
        ld      a0, asked
        beqz    a0, 2f
        call    bfunc
        sd      a0, answer, t0
        la      a0, to_a
        call    sem_post
        j       1b
2:      ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

# Two processes: nothing in common but the pipes.

        .type   processes, @function
processes:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        la      a0, there
        call    pipe_create
        la      a0, back
        call    pipe_create
        call    process_fork
        beqz    a0, b_process
        la      a0, ask_process
        call    afunc
        mv      s0, a0
        lw      a0, there+4             # no more questions: bfunc's process reads the end
        li      a7, SYS_CLOSE
        ecall
        li      a0, -1
        li      a1, 0
        call    process_wait
        mv      a0, s0
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret

        .type   ask_process, @function
ask_process:
        sd      a0, word, t0
        lw      a0, there+4
        li      a7, SYS_WRITE
        la      a1, word
        li      a2, 8
        ecall
        lw      a0, back
        li      a7, SYS_READ
        la      a1, word
        li      a2, 8
        ecall
        ld      a0, word
        ret

b_process:
        probe   born, zero
        lw      a0, there+4             # its copy, or the end would never come
        li      a7, SYS_CLOSE
        ecall
1:      lw      a0, there
        la      a1, word
        li      a2, 8
        li      a7, SYS_READ
        ecall
        blez    a0, 2f
        ld      a0, word
        call    bfunc
        sd      a0, word, t0
        lw      a0, back+4
        la      a1, word
        li      a2, 8
        li      a7, SYS_WRITE
        ecall
        j       1b
2:      li      a0, 0
        call    process_exit

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
        probe   begin, zero
        jalr    t0
        probe   end, a0
        call    print_int
        call    print_newline
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
