# race.asm - two threads count without a lock, then under a mutex; main asks the kernel for a bit of everything.
        .equ    ROUNDS, 4
        .equ    SYS_FUTEX, 98
        .equ    SYS_NANOSLEEP, 101
        .equ    SYS_BRK, 214
        .equ    SYS_MUNMAP, 215
        .equ    SYS_MMAP, 222
        .equ    SYS_MPROTECT, 226
        .equ    SYS_GETRANDOM, 278
        .data
        .align  3
counter:
        .dword  0
total:  .dword  0
total_lock:
        .word   0, 0
handles:
        .zero   16
never:  .word   0, 0                    # a futex that nobody wakes
moment: .dword  0, 500                  # 500 ns
random: .zero   8
came:   .asciz  " came from outside\n"

        .text
worker: push    ra
        push    s0
        li      s0, ROUNDS
1:      la      t0, counter             # the race
        ld      t1, 0(t0)
        addi    t1, t1, 1
        sd      t1, 0(t0)
        la      a0, total_lock
        call    mutex_lock
        la      t0, total
        ld      t1, 0(t0)
        addi    t1, t1, 1
        sd      t1, 0(t0)
        slti    x0, t1, 5               # probe 5: the total
        la      a0, moment              # long enough for the other one to come and wait
        li      a1, 0
        li      a7, SYS_NANOSLEEP
        ecall
        la      a0, total_lock
        call    mutex_unlock
        addi    s0, s0, -1
        bnez    s0, 1b
        li      a0, 0
        pop     s0
        pop     ra
        ret

        .globl  main
main:   push    ra
        push    s0
        push    s1
        la      s0, handles
        li      s1, 2
1:      la      a0, worker
        li      a1, 0
        call    thread_create
        sd      a0, 0(s0)
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, 1b
        la      s0, handles
        li      s1, 2
2:      ld      a0, 0(s0)
        call    thread_join
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, 2b

        la      a0, never               # a wait that times out
        li      a1, 0
        li      a2, 0
        la      a3, moment
        li      a7, SYS_FUTEX
        ecall
        la      a0, moment
        li      a1, 0
        li      a7, SYS_NANOSLEEP
        ecall
        la      a0, random
        li      a1, 8
        li      a2, 0
        li      a7, SYS_GETRANDOM
        ecall
        li      a0, 0                   # the heap grows by a page
        li      a7, SYS_BRK
        ecall
        mv      s0, a0
        li      t0, 4096
        add     a0, a0, t0
        li      a7, SYS_BRK
        ecall
        sd      s0, 0(s0)
        li      a0, 0                   # memory comes, is protected and goes
        li      a1, 8192
        li      a2, 3
        li      a3, 0x22
        li      a4, -1
        li      a5, 0
        li      a7, SYS_MMAP
        ecall
        mv      s0, a0
        sd      s0, 8(s0)
        li      a1, 4096
        li      a2, 1
        li      a7, SYS_MPROTECT
        ecall
        mv      a0, s0
        li      a1, 8192
        li      a7, SYS_MUNMAP
        ecall
        call    read_int                # from standard input
        call    print_int
        la      a0, came
        call    print_str
        li      a0, 0
        pop     s1
        pop     s0
        pop     ra
        ret
