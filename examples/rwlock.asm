# rwlock.asm - four threads read a table and two change it, under a read-write lock or a mutex.
#
# Shows:  readers together, writers alone. A reader finds all entries of the table equal, since a writer
#         changes them all while nobody else is inside. Under the read-write lock several readers are
#         inside at a time; under a mutex one.
# Try:    simrec run examples/rwlock.asm --harts 4
#         simrec run examples/rwlock.asm mutex --harts 4        how many more ticks?
#         simrec contention                    who waited: readers or writers?
#         make WRITERS 4 and READERS 2: writers go first here, so readers wait long

        .equ    READERS, 4
        .equ    WRITERS, 2
        .equ    READS, 200              # of each reader
        .equ    WRITES, 10              # of each writer
        .equ    ENTRIES, 32

        .data
        .align  3
take_to_read:                           # the functions of the lock: rwlock.s, or mutex.s
        .dword  rw_read_lock
give_back_reading:
        .dword  rw_read_unlock
take_to_write:
        .dword  rw_write_lock
give_back_writing:
        .dword  rw_write_unlock
table_lock:
        .word   0, 0, 0, 0
table:                                  # table_lock protects it: outside of it all entries are equal
        .zero   8 * ENTRIES
inside: .dword  0                       # readers that hold the lock; atomic
most:   .dword  0                       # the most of them at a time; atomic
handles:
        .zero   8 * (READERS + WRITERS)

mutex_name:
        .asciz  "mutex"
torn_is:
        .asciz  "tables seen half changed: "
most_is:
        .asciz  "most readers at a time: "
value_is:
        .asciz  "every entry: "

        .text

# reader - looks at the whole table, READS times.
#
# Result:   a0 = how often its entries were not equal.
reader:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        li      s0, READS
        li      s1, 0
read:
        la      a0, table_lock
        ld      t0, take_to_read
        jalr    t0
        la      t0, inside
        li      t1, 1
        amoadd.d t2, t1, (t0)
        addi    t2, t2, 1
        la      t0, most
        amomax.d zero, t2, (t0)

        la      t0, table
        ld      t1, 0(t0)
        li      t2, ENTRIES
look:
        ld      t3, 0(t0)
        beq     t3, t1, equal
        addi    s1, s1, 1
equal:
        addi    t0, t0, 8
        addi    t2, t2, -1
        bnez    t2, look

        la      t0, inside
        li      t1, -1
        amoadd.d zero, t1, (t0)
        la      a0, table_lock
        ld      t0, give_back_reading
        jalr    t0
        addi    s0, s0, -1
        bnez    s0, read
        mv      a0, s1
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret

# writer - adds 1 to every entry, WRITES times.
writer:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      s0, 0(sp)
        li      s0, WRITES
write:
        la      a0, table_lock
        ld      t0, take_to_write
        jalr    t0
        la      t0, table
        li      t1, ENTRIES
change:
        ld      t2, 0(t0)
        addi    t2, t2, 1
        sd      t2, 0(t0)
        addi    t0, t0, 8
        addi    t1, t1, -1
        bnez    t1, change
        la      a0, table_lock
        ld      t0, give_back_writing
        jalr    t0
        addi    s0, s0, -1
        bnez    s0, write
        li      a0, 0
        ld      ra, 8(sp)
        ld      s0, 0(sp)
        addi    sp, sp, 16
        ret

# say - prints the text in a0 and the number in a1.
say:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        sd      a1, 0(sp)
        call    print_str
        ld      a0, 0(sp)
        call    print_int
        call    print_newline
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

        .globl  main
main:
        addi    sp, sp, -48
        sd      ra, 40(sp)
        sd      s0, 32(sp)
        sd      s1, 24(sp)
        sd      s2, 16(sp)

        li      t0, 2
        blt     a0, t0, create
        ld      a0, 8(a1)               # argv[1]
        la      a1, mutex_name
        call    strcmp
        bnez    a0, create
        la      t0, take_to_read
        la      t1, mutex_lock
        la      t2, mutex_unlock
        sd      t1, 0(t0)
        sd      t2, 8(t0)
        sd      t1, 16(t0)
        sd      t2, 24(t0)

create:
        la      s0, handles
        li      s1, 0
create_threads:
        la      a0, reader
        li      t0, READERS
        bltu    s1, t0, create_thread
        la      a0, writer
create_thread:
        li      a1, 0
        call    thread_create
        sd      a0, 0(s0)
        addi    s0, s0, 8
        addi    s1, s1, 1
        li      t0, READERS + WRITERS
        bne     s1, t0, create_threads

        la      s0, handles
        li      s2, 0
join_threads:
        ld      a0, 0(s0)
        call    thread_join
        add     s2, s2, a0
        addi    s0, s0, 8
        addi    s1, s1, -1
        bnez    s1, join_threads

        la      a0, torn_is
        mv      a1, s2
        call    say
        la      a0, most_is
        ld      a1, most
        call    say
        la      a0, value_is
        ld      a1, table
        call    say
        li      a0, 0
        ld      ra, 40(sp)
        ld      s0, 32(sp)
        ld      s1, 24(sp)
        ld      s2, 16(sp)
        addi    sp, sp, 48
        ret
