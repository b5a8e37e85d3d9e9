# thread.s - threads: create, join, exit, yield, self.
#
# A thread is one mapping of 4 KiB + 64 KiB:
#
#       base                   guard page, no access: running off the stack faults
#       base + 4096            lowest byte of the stack
#       base + LENGTH - 64     thread control block (TCB), where the stack starts downwards
#
# The handle of a thread is the address of its TCB, which is also its tp. The TCB, 64 bytes:
#
#        0  tid        32 bits; the kernel sets it when it creates the thread, and clears it and
#                      wakes its futex when the thread is gone
#        8  result     what the entry function returned, or thread_exit's argument
#       16  base       of the mapping; 0 for the main thread, whose TCB is in crt0.s
#       24  length     of the mapping in bytes
#       32  coroutine  the coroutine that runs on this thread, or 0 (coroutine.s)
#       40  entry      function the thread starts in
#       48  argument   for it
#
# Protects: entry, argument, base and length are written by the creator before the thread exists
# and never again. result and coroutine belong to the thread itself; the joiner reads result after
# it has seen tid = 0, which the kernel stores when the thread runs no more. A thread is joined
# once, by one other thread; the handle is dead afterwards.

        .equ    TCB_TID, 0
        .equ    TCB_RESULT, 8
        .equ    TCB_BASE, 16
        .equ    TCB_LENGTH, 24
        .equ    TCB_ENTRY, 40
        .equ    TCB_ARGUMENT, 48
        .equ    TCB_SIZE, 64

        .equ    GUARD_SIZE, 4096
        .equ    THREAD_LENGTH, 65536 + GUARD_SIZE

        .equ    SYS_EXIT, 93
        .equ    SYS_FUTEX, 98
        .equ    SYS_SCHED_YIELD, 124
        .equ    SYS_MUNMAP, 215
        .equ    SYS_CLONE, 220
        .equ    SYS_MMAP, 222
        .equ    SYS_MPROTECT, 226

        .equ    FUTEX_WAIT, 0
        .equ    PROT_NONE, 0
        .equ    PROT_READ_WRITE, 3
        .equ    MAP_PRIVATE_ANONYMOUS_STACK, 0x20022

# CLONE_VM 0x100, FS 0x200, FILES 0x400, SIGHAND 0x800, THREAD 0x10000, SYSVSEM 0x40000,
# SETTLS 0x80000, PARENT_SETTID 0x100000, CHILD_CLEARTID 0x200000: what a pthread is.
        .equ    CLONE_FLAGS, 0x3d0f00

        .text
        .align  2

# thread_create - starts a thread in entry(argument).
#
# In:       a0 = entry, a1 = argument.
# Result:   a0 = handle, to be joined once; or a negative errno, and nothing is left behind.
# Clobbers: a1-a5, a7, t3-t6 (a system call keeps all but a0).
        .globl  thread_create
thread_create:
        mv      t3, a0
        mv      t4, a1

        li      a0, 0
        li      a1, THREAD_LENGTH
        li      a2, PROT_READ_WRITE
        li      a3, MAP_PRIVATE_ANONYMOUS_STACK
        li      a4, -1
        li      a5, 0
        li      a7, SYS_MMAP
        ecall
        bltz    a0, 2f
        mv      t5, a0                  # base of the mapping

        li      a1, GUARD_SIZE
        li      a2, PROT_NONE
        li      a7, SYS_MPROTECT
        ecall
        bltz    a0, 1f

        li      t6, THREAD_LENGTH - TCB_SIZE
        add     t6, t5, t6              # the TCB; anonymous memory, so its other fields are 0
        li      a1, THREAD_LENGTH
        sd      t5, TCB_BASE(t6)
        sd      a1, TCB_LENGTH(t6)
        sd      t3, TCB_ENTRY(t6)
        sd      t4, TCB_ARGUMENT(t6)

        li      a0, CLONE_FLAGS
        mv      a1, t6                  # its sp: a multiple of 16, as TCB_SIZE is
        addi    a2, t6, TCB_TID         # where the kernel stores the tid
        mv      a3, t6                  # its tp
        addi    a4, t6, TCB_TID         # what the kernel clears when it exits
        li      a7, SYS_CLONE
        ecall
        beqz    a0, thread_start
        bltz    a0, 1f
        mv      a0, t6
        ret

1:      mv      t6, a0                  # the errno survives the clean-up
        mv      a0, t5
        li      a1, THREAD_LENGTH
        li      a7, SYS_MUNMAP
        ecall
        mv      a0, t6
2:      ret

# thread_start - the outermost function of every created thread.
#
# In:       tp = its TCB, sp = top of its stack.
# Result:   never returns: what the entry function returns is the thread's result.
        .type   thread_start, @function
thread_start:
        ld      a0, TCB_ARGUMENT(tp)
        ld      t0, TCB_ENTRY(tp)
        jalr    t0                      # and on into thread_exit

# thread_exit - ends the calling thread.
#
# In:       a0 = result, for whoever joins it.
# Result:   never returns. The process goes on if other threads do; its stack stays mapped until
#           it is joined. (The last thread to exit ends the process with status 0.)
        .globl  thread_exit
thread_exit:
        sd      a0, TCB_RESULT(tp)
        li      a0, 0
        li      a7, SYS_EXIT
        ecall

# thread_join - waits until a thread is gone, frees its stack and gives its result.
#
# In:       a0 = handle, not the caller's own: a thread that joins itself waits forever.
# Result:   a0 = result.
# Clobbers: a1-a3, a7, t3, t4.
        .globl  thread_join
thread_join:
        mv      t3, a0
1:      lw      a2, TCB_TID(t3)
        beqz    a2, 2f
        addi    a0, t3, TCB_TID
        li      a1, FUTEX_WAIT          # sleeps only while the word is still the tid
        li      a3, 0                   # no timeout
        li      a7, SYS_FUTEX
        ecall
        j       1b
2:      fence   r, rw                   # all the thread did comes before what the joiner does
        ld      t4, TCB_RESULT(t3)
        ld      a0, TCB_BASE(t3)
        beqz    a0, 3f
        ld      a1, TCB_LENGTH(t3)
        li      a7, SYS_MUNMAP
        ecall
3:      mv      a0, t4
        ret

# thread_self - the calling thread's handle.
#
# In:       nothing.
# Result:   a0 = handle.
# Clobbers: nothing.
        .globl  thread_self
thread_self:
        mv      a0, tp
        ret

# thread_yield - lets another runnable thread have the hart.
#
# In:       nothing.
# Result:   none.
# Clobbers: a0, a7.
        .globl  thread_yield
thread_yield:
        li      a7, SYS_SCHED_YIELD
        ecall
        ret
