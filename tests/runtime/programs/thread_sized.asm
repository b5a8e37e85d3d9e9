# thread_sized.asm - a thread with 1 MiB of stack goes deeper than one with 64 KiB could; forty with a page
# each run together; a size that is none is refused.
# expect: depth 4000
# expect: small 40
# expect: refused -12
# status: 0
        .include "common.inc"
        .equ    SMALL, 40
        .bss
        .align  3
handles:
        .zero   8 * SMALL
        .text

# deep - a0 frames of 256 bytes.
deep:
        beqz    a0, 1f
        addi    sp, sp, -256
        sd      ra, 248(sp)
        addi    a0, a0, -1
        call    deep
        addi    a0, a0, 1
        ld      ra, 248(sp)
        addi    sp, sp, 256
1:      ret

one:
        enter
        call    thread_yield
        li      a0, 1
        leave

        .globl  main
main:
        enter
        la      a0, deep
        li      a1, 4000
        li      a2, 1048576
        call    thread_create_sized
        call    thread_join
        say     "depth ", a0
        la      s0, handles
        li      s1, SMALL
1:      la      a0, one
        li      a2, 0
        call    thread_create_sized
        sd      a0, 0(s0)
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, 1b
        la      s0, handles
        li      s1, SMALL
        li      s2, 0
2:      ld      a0, 0(s0)
        call    thread_join
        add     s2, s2, a0
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, 2b
        say     "small ", s2
        la      a0, one
        li      a2, -1
        call    thread_create_sized
        say     "refused ", a0
        li      a0, 0
        leave
