# string.s - bytes and strings in memory. Pure functions: no state, no system calls.
# The caller sees to it that nobody writes the bytes meanwhile.

        .text
        .align  2

# strlen - the number of bytes before the NUL.
#
# In:       a0 = string.
# Result:   a0 = length.
# Clobbers: t0, t1.
        .globl  strlen
strlen:
        mv      t0, a0
1:      lbu     t1, 0(t0)
        beqz    t1, 2f
        addi    t0, t0, 1
        j       1b
2:      sub     a0, t0, a0
        ret

# strcmp - compares two strings as unsigned bytes.
#
# In:       a0, a1 = strings.
# Result:   a0 < 0, = 0, > 0 as the first is less than, equal to, greater than the second.
# Clobbers: a1, t0, t1.
        .globl  strcmp
strcmp:
1:      lbu     t0, 0(a0)
        lbu     t1, 0(a1)
        bne     t0, t1, 2f
        addi    a0, a0, 1
        addi    a1, a1, 1
        bnez    t0, 1b
2:      sub     a0, t0, t1
        ret

# memcpy - copies n bytes; the areas must not overlap.
#
# In:       a0 = destination, a1 = source, a2 = n.
# Result:   a0 = destination.
# Clobbers: a1, a2, t0, t1, t2.
        .globl  memcpy
memcpy:
        mv      t0, a0
        or      t1, a0, a1
        andi    t1, t1, 7
        bnez    t1, 2f                  # 8 bytes a step only if neither side is misaligned
        li      t2, 8
1:      bltu    a2, t2, 2f
        ld      t1, 0(a1)
        sd      t1, 0(t0)
        addi    a1, a1, 8
        addi    t0, t0, 8
        addi    a2, a2, -8
        j       1b
2:      beqz    a2, 3f
        lbu     t1, 0(a1)
        sb      t1, 0(t0)
        addi    a1, a1, 1
        addi    t0, t0, 1
        addi    a2, a2, -1
        j       2b
3:      ret

# memset - fills n bytes with one byte.
#
# In:       a0 = destination, a1 = byte (its low 8 bits count), a2 = n.
# Result:   a0 = destination.
# Clobbers: a1, a2, t0, t1.
        .globl  memset
memset:
        mv      t0, a0
        andi    a1, a1, 255
        slli    t1, a1, 8
        or      a1, a1, t1
        slli    t1, a1, 16
        or      a1, a1, t1
        slli    t1, a1, 32
        or      a1, a1, t1              # the byte, eight times
        andi    t1, a0, 7
        bnez    t1, 2f
        li      t1, 8
1:      bltu    a2, t1, 2f
        sd      a1, 0(t0)
        addi    t0, t0, 8
        addi    a2, a2, -8
        j       1b
2:      beqz    a2, 3f
        sb      a1, 0(t0)
        addi    t0, t0, 1
        addi    a2, a2, -1
        j       2b
3:      ret
