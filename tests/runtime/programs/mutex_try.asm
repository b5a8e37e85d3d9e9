# mutex_try.asm - mutex_trylock takes a free lock, refuses a held one, and takes it again when released.
# expect: 0 -16 0 -16 0
# status: 0
        .data
lock:   .word   0x55555555              # mutex_init has to make it a free lock
        .text

# report - prints a0 and a space.
report:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        call    print_int
        li      a0, ' '
        call    print_char
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

        .globl  main
main:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        la      a0, lock
        call    mutex_init
        la      a0, lock
        call    mutex_trylock
        call    report
        la      a0, lock
        call    mutex_trylock
        call    report
        la      a0, lock
        call    mutex_unlock
        la      a0, lock
        call    mutex_trylock
        call    report
        la      a0, lock
        call    mutex_unlock
        la      a0, lock
        call    mutex_lock
        la      a0, lock
        call    mutex_trylock
        call    report
        la      a0, lock
        call    mutex_unlock
        lw      a0, lock                # free is 0
        call    print_int
        call    print_newline
        li      a0, 0
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret
