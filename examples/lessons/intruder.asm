# intruder.asm - one thread writes into a variable on another thread's stack.
#
# Shows:  a stack belongs to its thread by convention only. All threads of a process have one page table, so
#         whoever knows an address of a sibling's stack may write there: no fault, no event but the store.
# Try:    simrec lessons run threads
#         simrec run examples/lessons/intruder.asm

        .equ    OWN, 1111               # what the owner put there
        .equ    FOREIGN, 2222           # what the intruder writes

        .data
        .align  3
known:                                  # the address that the owner gives away; 0: not yet
        .dword  0
done:                                   # the intruder has written
        .dword  0
handles:
        .zero   16
was:
        .asciz  "the owner wrote 1111 on its stack and reads "

        .text

# owner - has a variable on its stack, tells its address, waits, and reads it again.
        .type   owner, @function
owner:
        addi    sp, sp, -16
        li      t0, OWN
        sd      t0, 0(sp)
        la      t1, known
        fence   w, w                    # the variable before its address
        sd      sp, 0(t1)
        la      t1, done
1:      ld      t2, 0(t1)
        beqz    t2, 1b
        fence   r, r
        ld      a0, 0(sp)
        probe   read, a0
        addi    sp, sp, 16
        ret

# intruder - writes where the owner's variable is.
        .type   intruder, @function
intruder:
        la      t1, known
1:      ld      t0, 0(t1)
        beqz    t0, 1b
        li      t2, FOREIGN
        sd      t2, 0(t0)
        probe   wrote, t2
        la      t1, done
        li      t2, 1
        fence   w, w
        sd      t2, 0(t1)
        ret

        .globl  main
main:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        la      s0, handles
        la      a0, owner
        li      a1, 0
        call    thread_create
        sd      a0, 0(s0)
        la      a0, intruder
        li      a1, 0
        call    thread_create
        sd      a0, 8(s0)
        ld      a0, 8(s0)
        call    thread_join
        la      a0, was
        call    print_str
        ld      a0, 0(s0)
        call    thread_join             # its result is what it read
        call    print_int
        call    print_newline
        li      a0, 0
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret
