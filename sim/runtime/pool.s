# pool.s - a thread pool: n threads take tasks out of one bounded queue.
#
# A task is a function with one argument, on the heap from pool_submit or pool_run until it is
# waited for or, without anybody who could, until it has run. 32 bytes:
#        0  state     32 bits, the futex word: 0 to do, 1 done, 2 to do and somebody may wait
#        4  detached  32 bits: 1 for pool_run's, which nobody waits for
#        8  function
#       16  argument  then what the function returned
#
# A pool is 96 bytes and its threads' handles, on the heap; what its threads do is in poolthread.s:
#        0  queue     of tasks (queue.s), 80 bytes
#       80  pending   32 bits: tasks that were submitted and have not run to their end
#       84  waiters   32 bits: threads in pool_wait
#       88  threads   how many
#       96  handles   of the threads (thread.s)
#
# A task that waits for another one keeps its thread busy meanwhile; if all threads do, nobody is
# left to run what they wait for. The same holds for tasks that submit to a full queue.
#
# Protects: the queue hands a task from the submitter to its thread, and state from there to who
# waits for it: it is changed by atomics only (.aqrl). pending and waiters are, too; pool_wait adds
# to waiters, then looks at pending, a thread takes from pending, then looks at waiters.

        .equ    TASK_DETACHED, 4
        .equ    TASK_FUNCTION, 8
        .equ    TASK_ARGUMENT, 16
        .equ    TASK_SIZE, 32

        .equ    TASK_TO_DO, 0
        .equ    TASK_DONE, 1
        .equ    TASK_AWAITED, 2

        .equ    POOL_PENDING, 80
        .equ    POOL_WAITERS, 84
        .equ    POOL_THREADS, 88
        .equ    POOL_HANDLES, 96

        .equ    QUEUE_PER_THREAD_SHIFT, 3 # places in the queue: 8 a thread

        .equ    SYS_FUTEX, 98
        .equ    FUTEX_WAIT, 0
        .equ    FUTEX_WAKE, 1
        .equ    ALL, 0x7fffffff
        .equ    ERROR_NO_MEMORY, -12
        .equ    ERROR_INVALID, -22
        .equ    POOL_LARGEST, 65536     # threads

        .text
        .align  2

# pool_create - makes a pool of n threads that wait for tasks, 8 n at most in line.
#
# In:       a0 = n, 1..65536.
# Result:   a0 = pool, to be shut down by pool_shutdown; or a negative errno: -22 for another n,
#           -12 (ENOMEM), or why a thread could not be created; nothing is left behind then.
# Clobbers: a1-a7, t0-t6.
        .globl  pool_create
pool_create:
        slli    a1, a0, QUEUE_PER_THREAD_SHIFT # and on into pool_create_sized

# pool_create_sized - makes a pool of n threads with room for so many tasks in line.
#
# In:       a0 = n, 1..65536; a1 = tasks that wait in line at most, at least 1.
# Result:   as pool_create's.
# Clobbers: a1-a7, t0-t6.
        .globl  pool_create_sized
pool_create_sized:
        li      t0, ERROR_INVALID
        beqz    a0, .Lcreate_refused
        li      t1, POOL_LARGEST
        bgtu    a0, t1, .Lcreate_refused
        addi    sp, sp, -48
        sd      ra, 40(sp)
        sd      s0, 32(sp)
        sd      s1, 24(sp)
        sd      s2, 16(sp)
        mv      s1, a0
        mv      s2, a1
        slli    a0, a0, 3
        addi    a0, a0, POOL_HANDLES
        call    malloc
        mv      s0, a0
        mv      a1, s2
        li      s2, ERROR_NO_MEMORY
        beqz    a0, .Lcreate_failed
        sw      zero, POOL_PENDING(s0)
        sw      zero, POOL_WAITERS(s0)
        sd      zero, POOL_THREADS(s0)
        call    queue_init
        bltz    a0, .Lcreate_no_queue
1:      la      a0, pool_thread
        mv      a1, s0
        call    thread_create
        bltz    a0, .Lcreate_no_thread
        ld      t0, POOL_THREADS(s0)
        slli    t1, t0, 3
        add     t1, t1, s0
        sd      a0, POOL_HANDLES(t1)
        addi    t0, t0, 1
        sd      t0, POOL_THREADS(s0)
        bne     t0, s1, 1b
        mv      a0, s0
        j       .Lcreate_done

.Lcreate_no_thread:
        mv      s2, a0
        mv      a0, s0
        call    pool_shutdown
        j       .Lcreate_failed
.Lcreate_no_queue:
        mv      s2, a0
        mv      a0, s0
        call    free
.Lcreate_failed:
        mv      a0, s2
.Lcreate_done:
        ld      ra, 40(sp)
        ld      s0, 32(sp)
        ld      s1, 24(sp)
        ld      s2, 16(sp)
        addi    sp, sp, 48
        ret
.Lcreate_refused:
        mv      a0, t0
        ret

# pool_ended - takes a task that has ended from pending; the last one wakes who waits for that.
#
# In:       a0 = pool. For the pool's threads.
# Result:   none.
# Clobbers: a0-a2, a7, t0-t2.
        .globl  pool_ended
pool_ended:
        addi    t2, a0, POOL_PENDING
        li      t0, -1
        amoadd.w.aqrl t0, t0, (t2)
        li      t1, 1
        bne     t0, t1, 1f
        lw      t0, POOL_WAITERS(a0)
        beqz    t0, 1f
        mv      a0, t2
        li      a1, FUTEX_WAKE
        li      a2, ALL
        li      a7, SYS_FUTEX
        ecall
1:      ret

# pool_submit - has function(argument) run by a thread of the pool, for its result.
#
# In:       a0 = pool, a1 = function, a2 = argument. Sleeps while the queue is full.
# Result:   a0 = task, to be given to task_wait once; or -12 (ENOMEM), -32 (EPIPE) after
#           pool_shutdown has begun.
# Clobbers: a1-a3, a7, t0-t6.
        .globl  pool_submit
pool_submit:
        li      a3, 0
        j       pool_enqueue

# pool_run - has function(argument) run by a thread of the pool; nobody asks for its result.
#
# In:       a0 = pool, a1 = function, a2 = argument. Sleeps while the queue is full.
# Result:   a0 = 0; or -12 (ENOMEM), -32 (EPIPE) after pool_shutdown has begun.
# Clobbers: a1-a3, a7, t0-t6.
        .globl  pool_run
pool_run:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        li      a3, 1
        call    pool_enqueue
        slti    t0, a0, 0
        neg     t0, t0
        and     a0, a0, t0              # an errno stays, a task is the pool's own business
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

# pool_enqueue - pool_submit and pool_run.
#
# In:       a0 = pool, a1 = function, a2 = argument, a3 = whether nobody waits for it.
# Result:   a0 = task or errno.
pool_enqueue:
        addi    sp, sp, -48
        sd      ra, 40(sp)
        sd      s0, 32(sp)
        sd      s1, 24(sp)
        sd      a1, 16(sp)
        sd      a2, 8(sp)
        sd      a3, 0(sp)
        mv      s0, a0
        li      a0, TASK_SIZE
        call    malloc
        beqz    a0, 1f
        mv      s1, a0
        ld      t0, 0(sp)
        ld      t1, 16(sp)
        ld      t2, 8(sp)
        sw      zero, 0(s1)
        sw      t0, TASK_DETACHED(s1)
        sd      t1, TASK_FUNCTION(s1)
        sd      t2, TASK_ARGUMENT(s1)
        addi    t0, s0, POOL_PENDING
        li      t1, 1
        amoadd.w.aqrl zero, t1, (t0)    # before a thread can have run it
        mv      a0, s0
        mv      a1, s1
        call    queue_put
        bltz    a0, 2f
        mv      a0, s1
        j       3f
1:      li      a0, ERROR_NO_MEMORY
        j       3f
2:      sd      a0, 0(sp)
        mv      a0, s1
        call    free
        mv      a0, s0
        call    pool_ended
        ld      a0, 0(sp)
3:      ld      ra, 40(sp)
        ld      s0, 32(sp)
        ld      s1, 24(sp)
        addi    sp, sp, 48
        ret

# task_wait - sleeps until a task has run, and frees it.
#
# In:       a0 = task, of pool_submit; dead afterwards.
# Result:   a0 = what its function returned.
# Clobbers: a1-a3, a7, t0-t6.
        .globl  task_wait
task_wait:
        mv      t3, a0
1:      lr.w.aqrl t0, (t3)
        li      t1, TASK_DONE
        beq     t0, t1, 2f
        li      t1, TASK_AWAITED
        sc.w    t2, t1, (t3)
        bnez    t2, 1b
        mv      a0, t3
        li      a1, FUTEX_WAIT
        li      a2, TASK_AWAITED        # sleeps only while it is not done
        li      a3, 0                   # no timeout
        li      a7, SYS_FUTEX
        ecall
        j       1b
2:      addi    sp, sp, -16
        sd      ra, 8(sp)
        ld      t0, TASK_ARGUMENT(t3)
        sd      t0, 0(sp)
        mv      a0, t3
        call    free
        ld      a0, 0(sp)
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

# pool_wait - sleeps until every task that was submitted has run.
#
# In:       a0 = pool; not by one of its own tasks, which would wait for itself.
# Result:   none. Tasks that others submit meanwhile are waited for too.
# Clobbers: a0-a3, a7, t0-t4.
        .globl  pool_wait
pool_wait:
        addi    t3, a0, POOL_PENDING
        addi    t4, a0, POOL_WAITERS
        li      t0, 1
        amoadd.w.aqrl zero, t0, (t4)
1:      lw      a2, 0(t3)
        beqz    a2, 2f
        mv      a0, t3
        li      a1, FUTEX_WAIT          # sleeps only if no task has ended meanwhile
        li      a3, 0                   # no timeout
        li      a7, SYS_FUTEX
        ecall
        j       1b
2:      li      t0, -1
        amoadd.w.aqrl zero, t0, (t4)    # all that the tasks did comes before what the caller does
        ret

# pool_shutdown - lets the pool run what it has, ends its threads and frees it.
#
# In:       a0 = pool; dead afterwards. Nobody may submit any more, but a task that runs: it is told
#           EPIPE. Tasks of pool_submit that were not waited for still can be.
# Result:   a0 = how many tasks its threads have run.
# Clobbers: a1-a7, t0-t6.
        .globl  pool_shutdown
pool_shutdown:
        addi    sp, sp, -48
        sd      ra, 40(sp)
        sd      s0, 32(sp)
        sd      s1, 24(sp)
        sd      s2, 16(sp)
        sd      s3, 8(sp)
        mv      s0, a0
        call    queue_close
        addi    s1, s0, POOL_HANDLES
        ld      s2, POOL_THREADS(s0)
        li      s3, 0
1:      beqz    s2, 2f
        ld      a0, 0(s1)
        call    thread_join
        add     s3, s3, a0
        addi    s1, s1, 8
        addi    s2, s2, -1
        j       1b
2:      mv      a0, s0
        call    queue_destroy
        mv      a0, s0
        call    free
        mv      a0, s3
        ld      ra, 40(sp)
        ld      s0, 32(sp)
        ld      s1, 24(sp)
        ld      s2, 16(sp)
        ld      s3, 8(sp)
        addi    sp, sp, 48
        ret
