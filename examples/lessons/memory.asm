# memory.asm - a process of eight pages forks; the child writes to as many of them as the argument says.
#
# Shows:  one address means another place in each process; a fork copies no page before it is written.
# Try:    simrec lessons run memory
#         simrec run examples/lessons/memory.asm 8
#         simrec memory --at EVENT --figure map.html       the address spaces, drawn

        .equ    PAGES, 8
        .equ    PAGE, 4096

        .equ    SYS_MMAP, 222
        .equ    PROT_READ_WRITE, 3
        .equ    MAP_PRIVATE_ANONYMOUS, 0x22

        .data
        .align  3
number: .dword  0                       # 1 in the parent, 2 in the child, at the same address

        .text
# touch - writes to the first a1 pages from a0 on.
        .type   touch, @function
touch:  beqz    a1, 1f
        sd      a1, 0(a0)
        li      t0, PAGE
        add     a0, a0, t0
        addi    a1, a1, -1
        j       touch
1:      ret

        .globl  main
main:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        li      s1, 0
        li      t0, 2
        bne     a0, t0, 1f
        ld      t0, 8(a1)
        lbu     s1, 0(t0)               # one digit: how many pages the child writes to
        addi    s1, s1, -'0'
1:      li      a0, 0
        li      a1, PAGES * PAGE
        li      a2, PROT_READ_WRITE
        li      a3, MAP_PRIVATE_ANONYMOUS
        li      a4, -1
        li      a5, 0
        li      a7, SYS_MMAP
        ecall
        mv      s0, a0
        li      a1, PAGES
        call    touch                   # all eight are there now
        li      t0, 1
        sd      t0, number, t1
        probe   forks, s1
        call    process_fork
        beqz    a0, child
        li      a0, -1
        li      a1, 0
        call    process_wait
        ld      a0, number              # what the child wrote there is not here
        probe   parent_reads, a0
        li      a0, 0
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret
child:  mv      a0, s0
        mv      a1, s1
        call    touch
        li      t0, 2
        sd      t0, number, t1
        ld      a0, number
        probe   child_reads, a0
        li      a0, 0
        call    process_exit
