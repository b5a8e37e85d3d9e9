# hello.asm - the smallest program: a label `main`, a text, an exit status.
#
# Shows:  what a run looks like in the log. `print_str` comes from the runtime library; it ends in
#         one write system call, and main's return value in a0 becomes the exit status.
# Try:    simrec run examples/hello.asm
#         simrec events               every instruction from _start to exit_group
#         simrec replay --at 10       the registers just after event 10

        .data
greeting:
        .asciz  "Hello, world!\n"

        .text
        .globl  main
main:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        la      a0, greeting
        call    print_str
        li      a0, 0                   # the exit status
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret
