# stack_overflow.asm - a recursion that never ends runs off its stack.
#
# Shows:  the guard page. Every call takes 1 KiB of the thread's 64 KiB stack; the store that first
#         touches the page below it faults, and the message names the function, the line and the
#         address. Without a guard page it would have written over somebody else's memory.
# Try:    simrec run examples/stack_overflow.asm      exit status 139: signal 11, SIGSEGV
#         simrec replay --at N                        N from the message: sixty calls deep

        .data
start:
        .asciz  "going down\n"

        .text

# dig - calls itself with depth + 1, forever.
#
# In:       a0 = depth.
dig:
        addi    sp, sp, -1024           # a local array, say
        sd      ra, 1016(sp)
        sd      a0, 0(sp)               # the first touch of each new kilobyte
        addi    a0, a0, 1
        call    dig
        ld      ra, 1016(sp)            # never reached
        addi    sp, sp, 1024
        ret

        .globl  main
main:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        la      a0, start
        call    print_str
        la      a0, dig
        li      a1, 0
        call    thread_create           # a thread's stack is small, so it ends soon
        call    thread_join
        li      a0, 0
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret
