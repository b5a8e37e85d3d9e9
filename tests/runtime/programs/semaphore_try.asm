# semaphore_try.asm - sem_init with two units, sem_trywait until there are none, sem_post, again.
# expect: 0 0 -11 0 -11
# status: 0
        .bss
        .align  3
units:  .zero   8
        .text

# take - tries to take a unit and prints what sem_trywait says, and then the byte in a0.
take:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      a0, 0(sp)
        la      a0, units
        call    sem_trywait
        call    print_int
        ld      a0, 0(sp)
        call    print_char
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

        .globl  main
main:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        la      a0, units
        li      a1, 2
        call    sem_init
        li      a0, ' '
        call    take
        li      a0, ' '
        call    take
        li      a0, ' '
        call    take
        la      a0, units
        call    sem_post
        li      a0, ' '
        call    take
        li      a0, 10
        call    take
        li      a0, 0
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret
