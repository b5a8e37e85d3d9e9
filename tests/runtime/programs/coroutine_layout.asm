# coroutine_layout.asm - the frame header as documented: new, suspended, finished.
# expect: state 0, bytes 176, slice 0, pc = entry: 1, argument 55
# expect: state 1, bytes 208, slice 32, value 66, s1 77, capacity >= slice: 1, top of slice: 88
# expect: state 3, bytes 176, slice 0, value 99
# status: 0
        .data
state:  .asciz  "state "
bytes:  .asciz  ", bytes "
slice:  .asciz  ", slice "
at_entry:
        .asciz  ", pc = entry: "
argument:
        .asciz  ", argument "
value:  .asciz  ", value "
saved_s1:
        .asciz  ", s1 "
capacity:
        .asciz  ", capacity >= slice: "
top:    .asciz  ", top of slice: "
        .text

# show - prints the text a0 and the number a1.
show:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      a1, 0(sp)
        call    print_str
        ld      a0, 0(sp)
        call    print_int
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

# show_common - prints state, bytes and slice bytes of the frame in s0.
show_common:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        la      a0, state
        ld      a1, 16(s0)
        call    show
        la      a0, bytes
        ld      a1, 8(s0)
        call    show
        la      a0, slice
        ld      a1, 24(s0)
        call    show
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

body:
        addi    sp, sp, -32
        sd      ra, 16(sp)
        li      t0, 88
        sd      t0, 24(sp)              # the highest word of the slice
        li      s1, 77
        li      a0, 66
        call    coroutine_yield
        li      a0, 99
        ld      ra, 16(sp)
        addi    sp, sp, 32
        ret

        .globl  main
main:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        la      a0, body
        li      a1, 55
        call    coroutine_create
        mv      s0, a0
        call    show_common
        la      a0, at_entry
        ld      a1, 0(s0)
        la      t0, body
        sub     a1, a1, t0
        seqz    a1, a1
        call    show
        la      a0, argument
        ld      a1, 168(s0)
        call    show
        call    print_newline

        mv      a0, s0
        li      a1, 0
        call    coroutine_resume
        call    show_common
        la      a0, value
        ld      a1, 40(s0)
        call    show
        la      a0, saved_s1
        ld      a1, 56(s0)
        call    show
        la      a0, capacity
        ld      t0, 152(s0)
        ld      t1, 24(s0)
        sltu    a1, t0, t1
        xori    a1, a1, 1
        call    show
        la      a0, top
        ld      t0, 144(s0)
        ld      a1, 24(t0)
        call    show
        call    print_newline

        mv      a0, s0
        li      a1, 0
        call    coroutine_resume
        call    show_common
        la      a0, value
        ld      a1, 40(s0)
        call    show
        call    print_newline
        mv      a0, s0
        call    coroutine_destroy
        li      a0, 0
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret
