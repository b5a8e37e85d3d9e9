# tls.s - thread-local variables: each thread's copy of .tdata and .tbss.
#
# A program declares them in the sections .tdata (with values) and .tbss (zeros) and finds its
# thread's copy through tp, as the psABI's local-exec model has it:
#
#               .section .tbss
#       hits:   .zero   8
#               .text
#               lui     t0, %tprel_hi(hits)
#               add     t0, t0, tp, %tprel_add(hits)
#               ld      t1, %tprel_lo(hits)(t0)
#
# or, while all of a program's fit into 2 KiB, `ld t1, %tprel_lo(hits)(tp)`. A copy begins where tp
# points; the thread control block (thread.s) lies below it. The linker takes this file for every
# program that has such a section, and crt0.s and thread.s refer to it weakly: others pay nothing.
# A program with a `_start` of its own calls tls_setup before it creates threads.
#
# A coroutine sees the variables of the thread that it runs on just now: after a yield that may be
# another one. An address of a variable is good in every thread, while the thread that owns it lives.
#
# Protects: tls_layout is written by tls_setup before there is a second thread, and never again. A
# copy belongs to its thread.

        .equ    TCB_SIZE, 64

        .equ    LAYOUT_IMAGE, 0
        .equ    LAYOUT_FILLED, 8
        .equ    LAYOUT_BYTES, 16
        .equ    LAYOUT_MASK, 24
        .equ    LAYOUT_ROOM, 32

        .equ    EHDR_PHOFF, 32          # of the ELF header
        .equ    EHDR_PHNUM, 56
        .equ    PHDR_VADDR, 16          # of a program header
        .equ    PHDR_FILESZ, 32
        .equ    PHDR_MEMSZ, 40
        .equ    PHDR_ALIGN, 48
        .equ    PHDR_SIZE, 56
        .equ    PT_TLS, 7

        .equ    LEAST_ALIGNMENT, 16     # of a copy: sp starts below it
        .equ    PAGE, 4096

        .text
        .align  2

# tls_setup - gives the main thread its copy, at the top of its stack, and its TCB there too.
#
# In:       sp = the new stack, sp -> argc; tp = where it points in a program without such variables.
# Result:   tp, and sp below the TCB. Without PT_TLS in the ELF header nothing has changed.
# Clobbers: a0-a2, t0-t6.
# Protects: runs once, in the main thread, before there is another one.
        .globl  tls_setup
tls_setup:
        la      t0, __ehdr_start
        ld      t1, EHDR_PHOFF(t0)
        lhu     t2, EHDR_PHNUM(t0)
        add     t1, t1, t0
        li      t3, PT_TLS
1:      beqz    t2, 3f
        lw      t4, 0(t1)
        beq     t4, t3, 2f
        addi    t1, t1, PHDR_SIZE
        addi    t2, t2, -1
        j       1b

2:      la      t0, tls_layout
        ld      t3, PHDR_VADDR(t1)
        ld      t4, PHDR_FILESZ(t1)
        ld      t5, PHDR_MEMSZ(t1)
        ld      t6, PHDR_ALIGN(t1)
        sd      t3, LAYOUT_IMAGE(t0)
        sd      t4, LAYOUT_FILLED(t0)
        sd      t5, LAYOUT_BYTES(t0)
        li      t3, LEAST_ALIGNMENT
        bgeu    t6, t3, 1f
        mv      t6, t3
1:      neg     t4, t6
        sd      t4, LAYOUT_MASK(t0)
        li      t3, PAGE - 1            # what a thread's mapping needs more, in whole pages
        add     t6, t6, t5
        add     t6, t6, t3
        not     t3, t3
        and     t6, t6, t3
        sd      t6, LAYOUT_ROOM(t0)

        mv      t6, ra
        mv      t3, sp
        sub     tp, sp, t5
        and     tp, tp, t4
        addi    sp, tp, -TCB_SIZE
        mv      a0, sp
        li      a1, 0
        sub     a2, t3, sp
        call    memset
        mv      a0, tp
        mv      ra, t6                  # and on into tls_fill
        j       tls_fill
3:      ret

# tls_fill - puts the values of .tdata into a copy. What is of .tbss is zero already.
#
# In:       a0 = the copy: a thread's tp.
# Result:   a0 unchanged.
# Clobbers: a1, a2, t0-t2.
        .globl  tls_fill
tls_fill:
        la      t0, tls_layout
        ld      a1, LAYOUT_IMAGE(t0)
        ld      a2, LAYOUT_FILLED(t0)
        tail    memcpy

        .data
        .align  3
        .globl  tls_layout
tls_layout:                             # image; bytes of .tdata; bytes of a copy; -(its alignment);
        .dword  0, 0, 0                 # bytes more in a thread's mapping
        .dword  -LEAST_ALIGNMENT, 0
