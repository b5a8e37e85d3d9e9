# Reads a byte, forks; parent and child count in a shared page and in their own memory, through a pipe they
# say that they are done, and the parent ends with what the child had read.
        .data
        .balign 8
own:    .dword  5
pipe:   .word   0, 0
byte:   .byte   0
        .text
main:   addi    sp, sp, -16
        sd      ra, 0(sp)
        li      a0, 0
        la      a1, byte
        li      a2, 1
        li      a7, 63          # read
        ecall
        li      a0, 0
        li      a1, 4096
        li      a2, 3
        li      a3, 0x21        # shared, anonymous
        li      a4, -1
        li      a5, 0
        li      a7, 222         # mmap
        ecall
        mv      s0, a0
        la      a0, pipe
        li      a1, 0
        li      a7, 59          # pipe2
        ecall
        li      a0, 17          # SIGCHLD
        li      a1, 0
        li      a2, 0
        li      a3, 0
        li      a4, 0
        li      a7, 220         # clone
        ecall
        mv      s1, a0
        la      s2, own
        li      s3, 150
count:  li      t0, 1
        amoadd.d t1, t0, (s0)
        ld      t1, 0(s2)
        addi    t1, t1, 1
        sd      t1, 0(s2)
        addi    s3, s3, -1
        bnez    s3, count
        bnez    s1, parent
        la      t0, pipe
        lw      a0, 4(t0)
        la      a1, byte
        li      a2, 1
        li      a7, 64          # write
        ecall
        li      a0, 0
        li      a7, 93          # exit
        ecall
parent: la      t0, pipe
        lw      a0, 0(t0)
        la      a1, byte
        li      a2, 1
        li      a7, 63          # read
        ecall
        li      a0, -1
        li      a1, 0
        li      a2, 0
        li      a3, 0
        li      a7, 260         # wait4
        ecall
        ld      a0, 0(s0)
        call    print_int
        call    print_newline
        la      t0, byte
        lbu     a0, 0(t0)
        ld      ra, 0(sp)
        addi    sp, sp, 16
        ret
