# process_pipe.asm - a child's words come to its parent through a pipe, and then the end of them.
# expect: hello from the child
# expect: then 0
# status: 0
        .include "common.inc"
        .equ    SYS_CLOSE, 57
        .equ    SYS_READ, 63
        .equ    SYS_WRITE, 64
        .data
words:  .ascii  "hello from the child\n"
        .equ    LENGTH, . - words
        .bss
        .align  3
ends:   .zero   8
buffer: .zero   64
        .text
        .globl  main
main:
        enter
        la      a0, ends
        call    pipe_create
        la      s0, ends
        call    process_fork
        beqz    a0, child
        lw      a0, 4(s0)
        li      a7, SYS_CLOSE
        ecall
1:      lw      a0, 0(s0)
        la      a1, buffer
        li      a2, 63
        li      a7, SYS_READ
        ecall
        blez    a0, 2f
        la      t0, buffer
        add     t0, t0, a0
        sb      zero, 0(t0)
        la      a0, buffer
        call    print_str
        j       1b
2:      say     "then ", a0
        li      a0, -1
        li      a1, 0
        call    process_wait
        li      a0, 0
        leave

child:
        lw      a0, 4(s0)
        la      a1, words
        li      a2, LENGTH
        li      a7, SYS_WRITE
        ecall
        li      a0, 0
        call    process_exit
