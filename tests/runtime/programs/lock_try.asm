# lock_try.asm - what doesn't wait takes a free lock, is told EBUSY of one that is held, and takes it
# again when it was given back. In a row: tas, ticket, mcs, read, write.
# expect: tas 0
# expect: tas -16
# expect: tas 0
# expect: ticket 0
# expect: ticket -16
# expect: ticket 0
# expect: mcs 0
# expect: mcs -16
# expect: mcs 0
# expect: write 0
# expect: write -16
# expect: read -16
# expect: read 0
# expect: read too 0
# expect: write -16
# expect: write 0
# status: 0
        .include "common.inc"
        .bss
        .align  3
tas:    .zero   8
ticket: .zero   8
mcs:    .zero   8
node:   .zero   16
other:  .zero   16
rw:     .zero   16
        .text
        .globl  main
main:
        enter
        la      s1, tas
        mv      a0, s1
        call    tas_init
        mv      a0, s1
        call    tas_trylock
        say     "tas ", a0
        mv      a0, s1
        call    tas_trylock
        say     "tas ", a0
        mv      a0, s1
        call    tas_unlock
        mv      a0, s1
        call    tas_trylock
        say     "tas ", a0

        la      s1, ticket
        mv      a0, s1
        call    ticket_init
        mv      a0, s1
        call    ticket_trylock
        say     "ticket ", a0
        mv      a0, s1
        call    ticket_trylock
        say     "ticket ", a0
        mv      a0, s1
        call    ticket_unlock
        mv      a0, s1
        call    ticket_trylock
        say     "ticket ", a0

        la      s1, mcs
        mv      a0, s1
        call    mcs_init
        mv      a0, s1
        la      a1, node
        call    mcs_trylock
        say     "mcs ", a0
        mv      a0, s1
        la      a1, other
        call    mcs_trylock
        say     "mcs ", a0
        mv      a0, s1
        la      a1, node
        call    mcs_unlock
        mv      a0, s1
        la      a1, other
        call    mcs_trylock
        say     "mcs ", a0

        la      s1, rw
        mv      a0, s1
        call    rw_init
        mv      a0, s1
        call    rw_write_trylock
        say     "write ", a0
        mv      a0, s1
        call    rw_write_trylock
        say     "write ", a0
        mv      a0, s1
        call    rw_read_trylock
        say     "read ", a0
        mv      a0, s1
        call    rw_write_unlock
        mv      a0, s1
        call    rw_read_trylock
        say     "read ", a0
        mv      a0, s1
        call    rw_read_trylock
        say     "read too ", a0
        mv      a0, s1
        call    rw_write_trylock
        say     "write ", a0
        mv      a0, s1
        call    rw_read_unlock
        mv      a0, s1
        call    rw_read_unlock
        mv      a0, s1
        call    rw_write_trylock
        say     "write ", a0
        li      a0, 0
        leave
