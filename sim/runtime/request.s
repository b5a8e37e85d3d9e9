# request.s - requests from outside: open, next, done.
#
# What `simrec run --requests` asks for arrives at /dev/requests. A request is 32 bytes:
#        0  number   from 1 up, for request_done
#        8  cpu      ticks of work that it asks for (work.s)
#       16  io       ticks of I/O that it asks for (io.s); 0 for none
#       24  arrival  the tick at which it arrived
#
# Protects: there is no state here. Any number of threads may take requests, of one file or of their
# own: the kernel gives each request to one reader.

        .equ    SYS_OPENAT, 56
        .equ    SYS_READ, 63
        .equ    SYS_WRITE, 64
        .equ    AT_FDCWD, -100
        .equ    O_RDWR, 2
        .equ    REQUEST_SIZE, 32
        .equ    ERROR_INTERRUPTED, -4

        .text
        .align  2

# request_open - opens the generator. The first open of all begins the arrivals.
#
# In:       a0 = flags: 0, or 0x800 (O_NONBLOCK) for a request_next that never waits.
# Result:   a0 = file descriptor, to be closed; or a negative errno: -6 (ENXIO) without --requests.
# Clobbers: a1-a3, a7.
        .globl  request_open
request_open:
        ori     a2, a0, O_RDWR
        li      a0, AT_FDCWD
        la      a1, request_path
        li      a3, 0
        li      a7, SYS_OPENAT
        ecall
        ret

# request_next - takes the oldest request that nobody has taken, waiting for one to arrive.
#
# In:       a0 = file descriptor, a1 = where it goes, 32 bytes.
# Result:   a0 = 1; 0 if there are no more; or a negative errno: -11 (EAGAIN) if there is none yet
#           and the file doesn't wait.
# Clobbers: a2, a7, t0, t1.
        .globl  request_next
request_next:
        mv      t0, a0
1:      mv      a0, t0
        li      a2, REQUEST_SIZE
        li      a7, SYS_READ
        ecall
        li      t1, ERROR_INTERRUPTED
        beq     a0, t1, 1b
        bltz    a0, 2f
        snez    a0, a0
2:      ret

# request_done - says that a request is done.
#
# In:       a0 = file descriptor, a1 = the request's number.
# Result:   a0 = 0; or a negative errno: -22 (EINVAL) if it was never taken, or is done already.
# Clobbers: a1, a2, a7.
        .globl  request_done
request_done:
        addi    sp, sp, -16
        sd      a1, 0(sp)
        mv      a1, sp
        li      a2, 8
        li      a7, SYS_WRITE
        ecall
        addi    sp, sp, 16
        bltz    a0, 1f
        li      a0, 0
1:      ret

        .section .rodata
request_path:
        .asciz  "/dev/requests"
