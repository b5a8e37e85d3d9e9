# coroutine_migrate.asm - one coroutine resumed by main and by three other threads in turn, on a
# different stack each time; it finishes on the last thread.
# expect: 1 thread 0
# expect: 2 thread 1
# expect: 3 thread 2
# expect: 4 thread 3
# expect: result 110, finished: 1
# status: 0
        .data
thread_text:
        .asciz  " thread "
result_is:
        .asciz  "result "
finished:
        .asciz  ", finished: "
        .bss
        .align  3
frame:  .zero   8                       # one thread at a time is alive and uses it
still:  .zero   8                       # a1 of the last resume
        .text

# traveller - sums the values it is resumed with, in a stack local, and prints on which threads.
traveller:
        addi    sp, sp, -48
        sd      ra, 40(sp)
        sd      s0, 32(sp)
        sd      zero, 24(sp)            # the sum: a local travels with the slice
        sd      a1, 16(sp)              # the thread that resumed it
        li      s0, 1
1:      mv      a0, s0
        call    print_int
        la      a0, thread_text
        call    print_str
        ld      a0, 16(sp)
        call    print_int
        call    print_newline
        li      t0, 4
        beq     s0, t0, 2f
        mv      a0, s0
        call    coroutine_yield
        sd      a0, 16(sp)
        ld      t0, 24(sp)
        add     t0, t0, a0
        sd      t0, 24(sp)
        addi    s0, s0, 1
        j       1b
2:      ld      a0, 24(sp)              # 1 + 2 + 3
        addi    a0, a0, 104
        ld      ra, 40(sp)
        ld      s0, 32(sp)
        addi    sp, sp, 48
        ret

# carry - resumes the traveller with the thread's number, which a0 is.
carry:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        mv      a1, a0
        la      t0, frame
        ld      a0, 0(t0)
        call    coroutine_resume
        la      t0, still
        sd      a1, 0(t0)
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

        .globl  main
main:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        la      a0, traveller
        li      a1, 0
        call    coroutine_create
        la      t0, frame
        sd      a0, 0(t0)
        li      a0, 0
        call    carry
        li      s0, 1
1:      la      a0, carry
        mv      a1, s0
        call    thread_create
        call    thread_join
        mv      s1, a0
        addi    s0, s0, 1
        li      t0, 4
        bne     s0, t0, 1b
        la      a0, result_is
        call    print_str
        mv      a0, s1
        call    print_int
        la      a0, finished
        call    print_str
        ld      a0, still
        seqz    a0, a0
        call    print_int
        call    print_newline
        ld      a0, frame
        call    coroutine_destroy
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret
