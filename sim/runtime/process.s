# process.s - processes: fork, wait, exit, kill; pipes and memory between them.
#
# A child is a copy of its parent, copied when either writes: memory, heap and locks are as they
# were at the fork, and the thread that forked is its only one. A lock that another thread held then
# is held forever in the child, malloc's too; so a process that forks should have one thread, or a
# child that only exits or calls execve. Memory of shared_alloc is the same in both, and the
# runtime's mutexes, semaphores, conditions, barriers and read-write locks work there, since their
# futex calls are not FUTEX_PRIVATE.
#
# Protects: no state of its own. The child's thread control block (thread.s) gets the child's tid
# before process_fork returns in it.

        .equ    TCB_TID, -64

        .equ    SYS_PIPE2, 59
        .equ    SYS_EXIT_GROUP, 94
        .equ    SYS_SET_TID_ADDRESS, 96
        .equ    SYS_KILL, 129
        .equ    SYS_GETPID, 172
        .equ    SYS_CLONE, 220
        .equ    SYS_MMAP, 222
        .equ    SYS_WAIT4, 260

        .equ    SIGCHLD, 17
        .equ    PROT_READ_WRITE, 3
        .equ    MAP_SHARED_ANONYMOUS, 0x21

        .text
        .align  2

# process_fork - makes a child process that goes on from here, too.
#
# In:       nothing.
# Result:   a0 = the child's pid in the parent, 0 in the child; or a negative errno: no child.
# Clobbers: a1-a4, a7. Callee-saved registers and the stack are the same in both.
        .globl  process_fork
process_fork:
        li      a0, SIGCHLD             # what the parent is sent when the child ends
        li      a1, 0                   # its stack: where the parent's is
        li      a2, 0
        li      a3, 0
        li      a4, 0
        li      a7, SYS_CLONE
        ecall
        bnez    a0, 1f
        addi    a0, tp, TCB_TID
        li      a7, SYS_SET_TID_ADDRESS # of the copied thread; gives its tid
        ecall
        sw      a0, TCB_TID(tp)
        li      a0, 0
1:      ret

# process_wait - sleeps until a child has ended.
#
# In:       a0 = pid, or -1: any child; a1 -> 32 bits for how it ended, or 0: exit status << 8, or
#           the number of the signal that killed it.
# Result:   a0 = pid of the child; -10 (ECHILD): there is none; -4 (EINTR): a signal came.
# Clobbers: a1-a3, a7.
        .globl  process_wait
process_wait:
        li      a2, 0                   # sleep
        li      a3, 0                   # no resource usage
        li      a7, SYS_WAIT4
        ecall
        ret

# process_exit - ends the process and all its threads.
#
# In:       a0 = status, 0..255, for the parent.
# Result:   never returns.
        .globl  process_exit
process_exit:
        li      a7, SYS_EXIT_GROUP
        ecall

# process_kill - sends a signal to a process.
#
# In:       a0 = pid, a1 = signal.
# Result:   a0 = 0; -3 (ESRCH): no such process; -22 (EINVAL): no such signal.
# Clobbers: a7.
        .globl  process_kill
process_kill:
        li      a7, SYS_KILL
        ecall
        ret

# process_self - the calling process's pid.
#
# In:       nothing.
# Result:   a0 = pid.
# Clobbers: a7.
        .globl  process_self
process_self:
        li      a7, SYS_GETPID
        ecall
        ret

# pipe_create - makes a pipe: what is written to its one end is read from the other.
#
# In:       a0 -> two 32-bit words: the descriptors of the end to read from and of the end to write
#           to. Both have children that are forked later; a reader sees the end of the data only
#           when every process has closed the end to write to.
# Result:   a0 = 0, or a negative errno.
# Clobbers: a1, a7.
        .globl  pipe_create
pipe_create:
        li      a1, 0                   # no flags: reading sleeps, children have it after execve
        li      a7, SYS_PIPE2
        ecall
        ret

# shared_alloc - zeroed memory that stays one and the same in children that are forked later.
#
# In:       a0 = bytes, rounded up to whole pages.
# Result:   a0 = address, a multiple of 4096; or 0 if there is no memory. munmap gives it back.
# Clobbers: a1-a5, a7.
        .globl  shared_alloc
shared_alloc:
        mv      a1, a0
        li      a0, 0
        li      a2, PROT_READ_WRITE
        li      a3, MAP_SHARED_ANONYMOUS
        li      a4, -1
        li      a5, 0
        li      a7, SYS_MMAP
        ecall
        bgez    a0, 1f
        li      a0, 0
1:      ret
