# thread_result.asm - argument in, result out: by return and by thread_exit from a nested call.
# expect: 42 -5
# expect: self = handle, in the thread and outside: 1 1
# expect: own stacks: 1
# status: 0
        .data
self_is:
        .asciz  "self = handle, in the thread and outside: "
stacks: .asciz  "own stacks: "
        .bss
        .align  3
seen_self:                              # written by doubler; main reads it after joining it
        .zero   8
        .text

# doubler - returns twice its argument.
doubler:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      a0, 0(sp)
        call    thread_self
        la      t0, seen_self
        sd      a0, 0(t0)
        ld      a0, 0(sp)
        slli    a0, a0, 1
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

# quitter - ends its thread from within a function that it calls.
quitter:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        call    quit
        li      a0, 0
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret
quit:
        neg     a0, a0
        call    thread_exit

# address - returns an address on its own stack.
address:
        mv      a0, sp
        ret

        .globl  main
main:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        la      a0, doubler
        li      a1, 21
        call    thread_create
        mv      s0, a0
        la      a0, quitter
        li      a1, 5
        call    thread_create
        mv      s1, a0
        mv      a0, s0
        call    thread_join
        call    print_int
        li      a0, ' '
        call    print_char
        mv      a0, s1
        call    thread_join
        call    print_int
        call    print_newline

        la      a0, self_is
        call    print_str
        la      t0, seen_self
        ld      t0, 0(t0)
        sub     a0, t0, s0
        seqz    a0, a0
        call    print_int
        li      a0, ' '
        call    print_char
        call    thread_self
        la      t0, main_thread
        sub     a0, a0, t0
        seqz    a0, a0
        call    print_int
        call    print_newline

        la      a0, address
        li      a1, 0
        call    thread_create
        mv      s0, a0
        call    thread_join
        sub     s1, sp, a0              # far apart, whichever is higher
        srai    t0, s1, 63
        xor     s1, s1, t0
        sub     s1, s1, t0
        la      a0, stacks
        call    print_str
        li      t0, 65536
        sltu    a0, t0, s1
        call    print_int
        call    print_newline
        li      a0, 0
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret
