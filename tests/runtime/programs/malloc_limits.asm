# malloc_limits.asm - impossible sizes give 0, size 0 gives a pointer of its own, free(0) is fine,
# a block of 1 MiB is usable at both ends, and one at a time ten such need no more than one.
# expect: 0 0 0
# expect: different
# expect: usable
# expect: reused
# status: 0
        .data
different:
        .asciz  "different\n"
usable: .asciz  "usable\n"
reused: .asciz  "reused\n"
        .text

# try - prints what malloc says to the size in a0, and a1 after it.
try:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      a1, 0(sp)
        call    malloc
        call    print_int
        ld      a0, 0(sp)
        call    print_char
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

        .globl  main
main:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        li      a0, -1
        li      a1, ' '
        call    try
        li      a0, -40
        li      a1, ' '
        call    try
        li      a0, 1
        slli    a0, a0, 40
        li      a1, 10
        call    try

        li      a0, 0
        call    free
        li      a0, 0
        call    malloc
        mv      s0, a0
        li      a0, 0
        call    malloc
        beq     s0, a0, failed
        beqz    s0, failed
        beqz    a0, failed
        la      a0, different
        call    print_str

        li      a0, 1048576
        call    malloc
        beqz    a0, failed
        mv      s0, a0
        li      t0, 1048576 - 8
        add     t0, t0, a0
        sd      t0, 0(a0)
        sd      t0, 0(t0)
        la      a0, usable
        call    print_str

        li      s1, 10
again:
        mv      a0, s0
        call    free
        li      a0, 1048576
        call    malloc
        bne     a0, s0, failed
        addi    s1, s1, -1
        bnez    s1, again
        la      a0, reused
        call    print_str
        li      a0, 0
        j       done
failed:
        li      a0, 1
done:
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret
