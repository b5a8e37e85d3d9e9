# thread.s - threads: create, join, exit, yield, self.
#
# A thread is one mapping of 4 KiB + 64 KiB, or as much more or less as its creator wants:
#
#       base                   guard page, no access: running off the stack faults
#       base + 4096            lowest byte of the stack
#       tp - 64                thread control block (TCB), where the stack starts downwards
#       tp                     the thread's copy of thread-local variables (tls.s); without them
#                              the end of the mapping
#
# The handle of a thread is its tp, the end of its TCB. The TCB, 64 bytes, from tp:
#
#      -64  tid        32 bits; the kernel sets it when it creates the thread, and clears it and
#                      wakes its futex when the thread is gone
#      -56  result     what the entry function returned, or thread_exit's argument
#      -48  base       of the mapping; 0 for the main thread, whose TCB is in crt0.s
#      -40  length     of the mapping in bytes
#      -32  coroutine  the coroutine that runs on this thread, or 0 (coroutine.s)
#      -24  entry      function the thread starts in
#      -16  argument   for it
#       -8  io         the thread's own file of the I/O device, its descriptor + 1, or 0 (io.s)
#
# Protects: entry, argument, base and length are written by the creator before the thread exists
# and never again. result, coroutine and io belong to the thread itself; the joiner reads result after
# it has seen tid = 0, which the kernel stores when the thread runs no more. A thread is joined
# once, by one other thread; the handle is dead afterwards.

        .equ    TCB_TID, -64
        .equ    TCB_RESULT, -56
        .equ    TCB_BASE, -48
        .equ    TCB_LENGTH, -40
        .equ    TCB_ENTRY, -24
        .equ    TCB_ARGUMENT, -16
        .equ    TCB_IO, -8
        .equ    TCB_SIZE, 64

        .equ    LAYOUT_BYTES, 16        # of tls_layout
        .equ    LAYOUT_MASK, 24
        .equ    LAYOUT_ROOM, 32

        .equ    PAGE, 4096
        .equ    GUARD_SIZE, PAGE
        .equ    STACK_SIZE, 65536
        .equ    STACK_LARGEST_SHIFT, 40 # no stack of 2^40 bytes: sums cannot wrap around

        .equ    SYS_CLOSE, 57
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
        .equ    ERROR_NO_MEMORY, -12

# CLONE_VM 0x100, FS 0x200, FILES 0x400, SIGHAND 0x800, THREAD 0x10000, SYSVSEM 0x40000,
# SETTLS 0x80000, PARENT_SETTID 0x100000, CHILD_CLEARTID 0x200000: what a pthread is.
        .equ    CLONE_FLAGS, 0x3d0f00

        .text
        .align  2

# thread_create - starts a thread in entry(argument), with a stack of 64 KiB.
#
# In:       a0 = entry, a1 = argument.
# Result:   a0 = handle, to be joined once; or a negative errno, and nothing is left behind.
# Clobbers: a1-a7, t0-t6.
        .globl  thread_create
thread_create:
        li      a2, STACK_SIZE          # and on into thread_create_sized

# thread_create_sized - starts a thread in entry(argument), with a stack of its own size.
#
# In:       a0 = entry, a1 = argument, a2 = bytes of stack: rounded up to whole pages, at least one;
#           the TCB takes 64 of them. Pages come into being when they are first touched.
# Result:   a0 = handle, to be joined once; or a negative errno, and nothing is left behind.
# Clobbers: a1-a7, t0-t6.
        .globl  thread_create_sized
        .weak   tls_layout              # linked with programs that have thread-local variables
        .weak   tls_fill
thread_create_sized:
        mv      t3, a0
        mv      t4, a1
        srli    t0, a2, STACK_LARGEST_SHIFT
        bnez    t0, 4f

        li      t1, PAGE - 1
        seqz    t0, a2
        add     a2, a2, t0              # 0 means one page, too
        add     a6, a2, t1
        not     t1, t1
        and     a6, a6, t1
        li      t0, GUARD_SIZE
        add     a6, a6, t0              # length of the mapping
        li      t1, 0                   # bytes of thread-local variables
        li      t2, -16                 # their alignment's mask
        lui     t0, %hi(tls_layout)
        addi    t0, t0, %lo(tls_layout)
        beqz    t0, 1f
        ld      t1, LAYOUT_ROOM(t0)
        add     a6, a6, t1
        ld      t1, LAYOUT_BYTES(t0)
        ld      t2, LAYOUT_MASK(t0)

1:      li      a0, 0
        mv      a1, a6
        li      a2, PROT_READ_WRITE
        li      a3, MAP_PRIVATE_ANONYMOUS_STACK
        li      a4, -1
        li      a5, 0
        li      a7, SYS_MMAP
        ecall
        bltz    a0, 3f
        mv      t5, a0                  # base of the mapping

        li      a1, GUARD_SIZE
        li      a2, PROT_NONE
        li      a7, SYS_MPROTECT
        ecall
        bltz    a0, 2f

        add     t6, t5, a6
        sub     t6, t6, t1
        and     t6, t6, t2              # the thread's tp
        sd      t5, TCB_BASE(t6)        # anonymous memory: the TCB's other fields are 0
        sd      a6, TCB_LENGTH(t6)
        sd      t3, TCB_ENTRY(t6)
        sd      t4, TCB_ARGUMENT(t6)
        beqz    t1, 1f
        addi    sp, sp, -16
        sd      ra, 8(sp)
        mv      a0, t6
        call    tls_fill
        ld      ra, 8(sp)
        addi    sp, sp, 16

1:      li      a0, CLONE_FLAGS
        addi    a1, t6, -TCB_SIZE       # its sp: a multiple of 16, as tp and TCB_SIZE are
        addi    a2, t6, TCB_TID         # where the kernel stores the tid
        mv      a3, t6                  # its tp
        addi    a4, t6, TCB_TID         # what the kernel clears when it exits
        li      a7, SYS_CLONE
        ecall
        beqz    a0, thread_start
        bltz    a0, 2f
        mv      a0, t6
        ret

2:      mv      t6, a0                  # the errno survives the clean-up
        mv      a0, t5
        mv      a1, a6
        li      a7, SYS_MUNMAP
        ecall
        mv      a0, t6
3:      ret
4:      li      a0, ERROR_NO_MEMORY
        ret

# thread_start - the outermost function of every created thread.
#
# In:       tp = its handle, sp = top of its stack.
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
        ld      a0, TCB_IO(tp)
        beqz    a0, 1f
        addi    a0, a0, -1
        li      a7, SYS_CLOSE
        ecall
1:      li      a0, 0
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
