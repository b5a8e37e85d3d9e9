# print.s - text to standard output, one write(1, ...) system call for each call.
#
# Nothing is buffered between calls, so there is no state to protect: what one call prints stays
# together, what two calls print may have another thread's output in between.

        .equ    SYS_WRITE, 64
        .equ    STDOUT, 1

        .text
        .align  2

# print_int - prints a signed 64-bit number in decimal.
#
# In:       a0 = number.
# Result:   a0 = bytes written, or a negative errno.
# Clobbers: a1, a2, a7, t0-t3.
        .globl  print_int
print_int:
        addi    sp, sp, -32             # the longest is "-9223372036854775808", 20 bytes
        addi    a1, sp, 32              # digits are written downwards from here
        mv      t0, a0
        bgez    a0, 1f
        neg     t0, a0                  # the magnitude, unsigned: right for -2^63 as well
1:      li      t1, 10
2:      remu    t2, t0, t1
        divu    t0, t0, t1
        addi    t2, t2, '0'
        addi    a1, a1, -1
        sb      t2, 0(a1)
        bnez    t0, 2b
        bgez    a0, 3f
        li      t2, '-'
        addi    a1, a1, -1
        sb      t2, 0(a1)
3:      addi    a2, sp, 32
        sub     a2, a2, a1
        li      a0, STDOUT
        li      a7, SYS_WRITE
        ecall
        addi    sp, sp, 32
        ret

# print_hex - prints a 64-bit number as 0x and lower-case hexadecimal digits, no leading zeros.
#
# In:       a0 = number.
# Result:   a0 = bytes written, or a negative errno.
# Clobbers: a1, a2, a7, t0-t2.
        .globl  print_hex
print_hex:
        addi    sp, sp, -32             # at most 2 + 16 bytes
        addi    a1, sp, 32
        li      t1, 10
1:      andi    t0, a0, 15
        srli    a0, a0, 4
        addi    t2, t0, '0'
        bltu    t0, t1, 2f
        addi    t2, t0, 'a' - 10
2:      addi    a1, a1, -1
        sb      t2, 0(a1)
        bnez    a0, 1b
        li      t2, 'x'
        sb      t2, -1(a1)
        li      t2, '0'
        sb      t2, -2(a1)
        addi    a1, a1, -2
        addi    a2, sp, 32
        sub     a2, a2, a1
        li      a0, STDOUT
        li      a7, SYS_WRITE
        ecall
        addi    sp, sp, 32
        ret

# print_str - prints a NUL-terminated string.
#
# In:       a0 = string.
# Result:   a0 = bytes written, or a negative errno.
# Clobbers: a1, a2, a7, t0, t1.
        .globl  print_str
print_str:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      a0, 0(sp)
        call    strlen
        mv      a2, a0
        ld      a1, 0(sp)
        li      a0, STDOUT
        li      a7, SYS_WRITE
        ecall
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

# print_newline - prints a line feed.
#
# In:       nothing.
# Result:   a0 = 1, or a negative errno.
# Clobbers: a1, a2, a7.
        .globl  print_newline
print_newline:
        li      a0, 10                  # and on into print_char

# print_char - prints one byte.
#
# In:       a0 = byte (its low 8 bits count).
# Result:   a0 = 1, or a negative errno.
# Clobbers: a1, a2, a7.
        .globl  print_char
print_char:
        addi    sp, sp, -16
        sb      a0, 0(sp)
        mv      a1, sp
        li      a2, 1
        li      a0, STDOUT
        li      a7, SYS_WRITE
        ecall
        addi    sp, sp, 16
        ret
