# read.s - numbers and lines from standard input.
#
# Input comes through one buffer that read_int and read_line share, so a program may mix the two,
# but not these with a read system call of its own on file descriptor 0.
#
# Protects: nothing locks the buffer (stdin_next, stdin_end, stdin_buffer): one thread reads at a
# time, and a program in which several do must hold a mutex around the calls.

        .equ    SYS_READ, 63
        .equ    STDIN, 0
        .equ    STDIN_BUFFER_SIZE, 512
        .equ    ERROR_INVALID, -22

        .text
        .align  2

# stdin_peek - the next byte of input, left unread.
#
# In:       nothing.
# Result:   a0 = byte, 0..255, or -1 at the end of input or on an error.
#           t0 = &stdin_next and t1 = its value, for the caller to consume the byte with.
# Clobbers: a1, a2, a7, t2.
stdin_peek:
        la      t0, stdin_next
        ld      t1, 0(t0)
        ld      t2, 8(t0)
        bltu    t1, t2, 1f
        li      a0, STDIN
        la      a1, stdin_buffer
        li      a2, STDIN_BUFFER_SIZE
        li      a7, SYS_READ
        ecall
        blez    a0, 2f
        la      t1, stdin_buffer
        add     t2, t1, a0
        sd      t1, 0(t0)
        sd      t2, 8(t0)
1:      lbu     a0, 0(t1)
        ret
2:      li      a0, -1
        ret

# read_int - reads a signed decimal number: blanks and line ends, then + or -, then digits.
#
# The byte after the last digit stays unread. A number beyond 64 bits wraps around.
#
# In:       nothing.
# Result:   a0 = number, a1 = 0; or a0 = 0 and
#           a1 = -1 at the end of input, -22 (EINVAL) if what comes next is not a number (that
#           byte stays unread; a sign in front of it is gone).
# Clobbers: a2, a7, t0-t3.
        .globl  read_int
read_int:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        sd      s2, 0(sp)
        li      s0, 0                   # the magnitude so far
        li      s1, 0                   # 1 = negative
        li      s2, -1                  # what a1 says if no digit comes: -1, then -22

.Lread_int_blanks:
        call    stdin_peek
        bltz    a0, .Lread_int_done
        li      t2, ' '
        beq     a0, t2, 1f
        addi    t2, a0, -9              # tab, line feed, vertical tab, form feed, return: 9..13
        li      t3, 5
        bgeu    t2, t3, 2f
1:      addi    t1, t1, 1
        sd      t1, 0(t0)
        j       .Lread_int_blanks

2:      li      s2, ERROR_INVALID
        li      t2, '+'
        beq     a0, t2, 3f
        li      t2, '-'
        bne     a0, t2, .Lread_int_digits
        li      s1, 1
3:      addi    t1, t1, 1
        sd      t1, 0(t0)

.Lread_int_digits:
        call    stdin_peek
        addi    a0, a0, -'0'
        li      t2, 10
        bgeu    a0, t2, .Lread_int_done # unsigned: the end of input (-1) leaves here as well
        mul     s0, s0, t2
        add     s0, s0, a0
        li      s2, 0
        addi    t1, t1, 1
        sd      t1, 0(t0)
        j       .Lread_int_digits

.Lread_int_done:
        mv      a0, s0
        mv      a1, s2
        beqz    s1, 4f
        neg     a0, s0
4:      ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        ld      s2, 0(sp)
        addi    sp, sp, 32
        ret

# read_line - reads a line; the line feed is consumed and not stored, a NUL ends the string.
#
# Of a line longer than n - 1 bytes, the rest stays for the next call. After read_int the rest of
# its line, often just the line feed, is what comes first.
#
# In:       a0 = buffer, a1 = n, its size in bytes, at least 1.
# Result:   a0 = length of the string; -1 at the end of input with nothing read (the buffer then
#           holds an empty string); -22 (EINVAL) if n < 1, with the buffer untouched.
# Clobbers: a1, a2, a7, t0-t2.
        .globl  read_line
read_line:
        blez    a1, .Lread_line_invalid
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        sd      s2, 0(sp)
        mv      s0, a0                  # buffer
        mv      s1, a0                  # where the next byte goes
        add     s2, a0, a1
        addi    s2, s2, -1              # the last byte of the buffer is for the NUL

.Lread_line_next:
        beq     s1, s2, .Lread_line_done
        call    stdin_peek
        bltz    a0, .Lread_line_end
        addi    t1, t1, 1
        sd      t1, 0(t0)
        li      t2, 10
        beq     a0, t2, .Lread_line_done
        sb      a0, 0(s1)
        addi    s1, s1, 1
        j       .Lread_line_next

.Lread_line_end:
        bne     s1, s0, .Lread_line_done
        sb      zero, 0(s1)
        li      a0, -1
        j       1f
.Lread_line_done:
        sb      zero, 0(s1)
        sub     a0, s1, s0
1:      ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        ld      s2, 0(sp)
        addi    sp, sp, 32
        ret
.Lread_line_invalid:
        li      a0, ERROR_INVALID
        ret

        .bss
        .align  3
stdin_next:                             # the next unread byte; stdin_end must follow it
        .zero   8
stdin_end:                              # one past the last byte read so far
        .zero   8
stdin_buffer:
        .zero   STDIN_BUFFER_SIZE
