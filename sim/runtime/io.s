# io.s - the I/O device: open, submit, reap, wait.
#
# /dev/io takes operations and gives completions, at its own pace: see `simrec run --io-depth` and
# docs/how-to/servers.md. A completion is 16 bytes:
#        0  tag      of the operation, the program's own
#        8  latency  ticks from its submission to its completion
#
# Protects: every thread has a file of its own for io_wait, in its TCB (thread.s), which only it reads
# and writes. Files from io_open may be shared: the kernel gives each completion to one reader.

        .equ    TCB_IO, -8

        .equ    SYS_OPENAT, 56
        .equ    SYS_READ, 63
        .equ    SYS_WRITE, 64
        .equ    AT_FDCWD, -100
        .equ    O_RDWR, 2

        .text
        .align  2

# io_open - opens the device: a file with completions of its own.
#
# In:       a0 = flags: 0, or 0x800 (O_NONBLOCK) for an io_reap that never waits.
# Result:   a0 = file descriptor, to be closed; or a negative errno.
# Clobbers: a1-a3, a7.
        .globl  io_open
io_open:
        ori     a2, a0, O_RDWR
        li      a0, AT_FDCWD
        la      a1, io_path
        li      a3, 0
        li      a7, SYS_OPENAT
        ecall
        ret

# io_submit - gives the device an operation; waits for nothing.
#
# In:       a0 = file descriptor, a1 = tag, a2 = ticks that it takes, 0 for what the device takes by
#           itself (`--cost io=TICKS`).
# Result:   a0 = 0; or a negative errno: -11 (EAGAIN) if the file has 1,024 that are not reaped.
# Clobbers: a1, a2, a7.
        .globl  io_submit
io_submit:
        addi    sp, sp, -16
        sd      a1, 0(sp)
        sd      a2, 8(sp)
        mv      a1, sp
        li      a2, 16
        li      a7, SYS_WRITE
        ecall
        addi    sp, sp, 16
        bltz    a0, 1f
        li      a0, 0
1:      ret

# io_reap - takes completions, waiting for the first.
#
# In:       a0 = file descriptor, a1 = where they go, a2 = how many at most, 1 or more.
# Result:   a0 = how many, 0 if nothing is outstanding; or a negative errno: -11 (EAGAIN) if none is
#           complete and the file doesn't wait, -4 (EINTR) after a signal.
# Clobbers: a2, a7.
        .globl  io_reap
io_reap:
        slli    a2, a2, 4
        li      a7, SYS_READ
        ecall
        bltz    a0, 1f
        srli    a0, a0, 4
1:      ret

# io_wait - does one operation and sleeps until it is complete.
#
# The thread's first call opens a file, which stays open until the thread ends.
#
# In:       a0 = ticks that it takes, 0 for what the device takes by itself.
# Result:   a0 = its latency in ticks; or a negative errno.
# Clobbers: a1-a3, a7, t0, t1.
# Protects: uses the calling thread's own file.
        .globl  io_wait
io_wait:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      a0, 16(sp)
        ld      t0, TCB_IO(tp)          # the descriptor + 1
        bnez    t0, 1f
        li      a0, 0
        call    io_open
        bltz    a0, 3f
        addi    t0, a0, 1
        sd      t0, TCB_IO(tp)
1:      addi    a0, t0, -1
        li      a1, 0
        ld      a2, 16(sp)
        call    io_submit
        bltz    a0, 3f
2:      ld      a0, TCB_IO(tp)
        addi    a0, a0, -1
        mv      a1, sp
        li      a2, 1
        call    io_reap
        li      t1, -4                  # a signal: it is complete all the same, some time
        beq     a0, t1, 2b
        bltz    a0, 3f
        ld      a0, 8(sp)
3:      ld      ra, 24(sp)
        addi    sp, sp, 32
        ret

        .section .rodata
io_path:
        .asciz  "/dev/io"
