# loop.s - an event loop: many coroutines (tasks) on one thread, each waiting in its own straight line.
#
# A task calls loop_io, loop_sleep, loop_next_request or loop_yield where a thread would block. Each
# of these yields what it waits for to loop_run, which goes on with another task, and asks the kernel
# (ppoll) only once a round: for what has come meanwhile or, if no task can run, for the next thing
# that comes. A task costs a coroutine's frame on the heap and TASK_SIZE bytes, and no stack.
#
# What a task yields is 64 bits: what it waits for in the lowest two, the ticks in the others. A task
# that resumes coroutines of its own must not wait from within these.
#
# A loop, as malloc gave it:
#        0  ready        tasks that can go on, the first
#        8  ready_last   the last, if there is one
#       16  wanting      tasks that wait for a request, the first
#       24  wanting_last the last, if there is one
#       32  sleeping     tasks that wait for a tick, the earliest first
#       40  io           file of the I/O device, -1: not yet opened
#       48  outstanding  operations that tasks wait for
#       56  requests     file of the request generator, -1: not yet opened
#       64  alive        tasks that have not returned
#       72  finished     tasks that have
#
# A task:
#        0  next     in the list that it is in
#        8  frame    of its coroutine
#       16  value    what its wait returns; at first the loop, its entry's second argument
#       24  wake     the tick that it sleeps until
#       32  request  the last one that it took, 32 bytes (request.s)
#
# Protects: a loop and its tasks belong to the thread that is in loop_run; before that, to the thread
# that made it. Several threads may each run a loop of their own.

        .equ    LOOP_READY, 0
        .equ    LOOP_WANTING, 16
        .equ    LOOP_SLEEPING, 32
        .equ    LOOP_IO, 40
        .equ    LOOP_OUTSTANDING, 48
        .equ    LOOP_REQUESTS, 56
        .equ    LOOP_ALIVE, 64
        .equ    LOOP_FINISHED, 72
        .equ    LOOP_SIZE, 80
        .equ    LIST_LAST, 8            # from a list's first

        .equ    TASK_NEXT, 0
        .equ    TASK_FRAME, 8
        .equ    TASK_VALUE, 16
        .equ    TASK_WAKE, 24
        .equ    TASK_REQUEST, 32
        .equ    TASK_SIZE, 64

        .equ    WAIT_YIELD, 0
        .equ    WAIT_IO, 1
        .equ    WAIT_SLEEP, 2
        .equ    WAIT_REQUEST, 3

        .equ    COMPLETIONS, 16         # reaped at once, 16 bytes each
        .equ    COMPLETE_FRAME, 272
        .equ    RUN_FRAME, 80
        .equ    RUN_IO, 0               # two struct pollfd: fd, events, revents
        .equ    RUN_REQUESTS, 8
        .equ    RUN_TIME, 16            # struct timespec

        .equ    POLLIN, 1
        .equ    O_NONBLOCK, 0x800
        .equ    CLOCK_MONOTONIC, 1
        .equ    SECOND, 1000000000      # ticks
        .equ    SYS_CLOSE, 57
        .equ    SYS_PPOLL, 73
        .equ    SYS_CLOCK_GETTIME, 113
        .equ    ERROR_NO_MEMORY, -12

        .text
        .align  2

# loop_create - makes a loop without tasks.
#
# In:       nothing.
# Result:   a0 = loop, to be destroyed by loop_destroy; or 0 if there is no memory.
# Clobbers: a1-a3, a7, t0-t6.
        .globl  loop_create
loop_create:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        li      a0, LOOP_SIZE
        call    malloc
        beqz    a0, 2f
        mv      t0, a0
        addi    t1, a0, LOOP_SIZE
1:      sd      zero, 0(t0)
        addi    t0, t0, 8
        bne     t0, t1, 1b
        li      t0, -1
        sd      t0, LOOP_IO(a0)
        sd      t0, LOOP_REQUESTS(a0)
2:      ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

# loop_spawn - makes a task that will run entry(argument, loop).
#
# In:       a0 = loop: one that nobody runs yet, or the caller is a task of; a1 = entry, a2 = argument.
# Result:   a0 = 0; or -12 (ENOMEM), and nothing is left behind.
# Clobbers: a1-a3, a7, t0-t6.
        .globl  loop_spawn
loop_spawn:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        mv      s0, a0
        mv      a0, a1
        mv      a1, a2
        call    coroutine_create
        beqz    a0, 1f
        mv      s1, a0
        li      a0, TASK_SIZE
        call    malloc
        beqz    a0, 2f
        sd      s1, TASK_FRAME(a0)
        sd      s0, TASK_VALUE(a0)
        ld      t0, LOOP_ALIVE(s0)
        addi    t0, t0, 1
        sd      t0, LOOP_ALIVE(s0)
        mv      a1, a0
        addi    a0, s0, LOOP_READY
        call    list_put
        li      a0, 0
        j       3f
2:      mv      a0, s1
        call    coroutine_destroy
1:      li      a0, ERROR_NO_MEMORY
3:      ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret

# loop_run - runs tasks until all have returned.
#
# In:       a0 = loop.
# Result:   a0 = tasks that have returned since the loop was made.
# Clobbers: a1-a7, t0-t6, as any function may: the tasks do.
        .globl  loop_run
loop_run:
        addi    sp, sp, -RUN_FRAME
        sd      ra, 72(sp)
        sd      s0, 64(sp)
        sd      s1, 56(sp)
        sd      s2, 48(sp)
        sd      s3, 40(sp)
        mv      s0, a0

.Lrun_round:
        ld      s1, LOOP_READY(s0)      # those of this round; what becomes ready now waits for the next
        sd      zero, LOOP_READY(s0)
.Lrun_task:
        beqz    s1, .Lrun_ask
        mv      s2, s1
        ld      s1, TASK_NEXT(s1)
        ld      a0, TASK_FRAME(s2)
        ld      a1, TASK_VALUE(s2)
        call    coroutine_resume
        beqz    a1, .Lrun_finished
        andi    t0, a0, 3
        srai    a2, a0, 2               # the ticks
        li      t1, WAIT_IO
        beq     t0, t1, .Lrun_io
        li      t1, WAIT_SLEEP
        beq     t0, t1, .Lrun_sleep
        li      t1, WAIT_REQUEST
        beq     t0, t1, .Lrun_request
        sd      zero, TASK_VALUE(s2)
.Lrun_ready:
        addi    a0, s0, LOOP_READY
        mv      a1, s2
        call    list_put
        j       .Lrun_task

.Lrun_finished:
        ld      a0, TASK_FRAME(s2)
        call    coroutine_destroy
        mv      a0, s2
        call    free
        ld      t0, LOOP_ALIVE(s0)
        addi    t0, t0, -1
        sd      t0, LOOP_ALIVE(s0)
        ld      t0, LOOP_FINISHED(s0)
        addi    t0, t0, 1
        sd      t0, LOOP_FINISHED(s0)
        j       .Lrun_task

.Lrun_io:
        mv      s3, a2
        ld      a0, LOOP_IO(s0)
        bgez    a0, 1f
        li      a0, O_NONBLOCK
        call    io_open
        bltz    a0, 2f
        sd      a0, LOOP_IO(s0)
1:      mv      a1, s2                  # the tag is the task
        mv      a2, s3
        call    io_submit
        bltz    a0, 2f
        ld      t0, LOOP_OUTSTANDING(s0)
        addi    t0, t0, 1
        sd      t0, LOOP_OUTSTANDING(s0)
        j       .Lrun_task
2:      sd      a0, TASK_VALUE(s2)      # the wait returns the error
        j       .Lrun_ready

.Lrun_request:
        ld      a0, LOOP_REQUESTS(s0)
        bgez    a0, 1f
        li      a0, O_NONBLOCK
        call    request_open
        bltz    a0, 2b
        sd      a0, LOOP_REQUESTS(s0)
1:      addi    a0, s0, LOOP_WANTING
        mv      a1, s2
        call    list_put
        j       .Lrun_task

# Into the list of sleepers, behind those that wake no later.
.Lrun_sleep:
        mv      s3, a2
        addi    a0, sp, RUN_TIME
        call    loop_now
        add     a0, a0, s3
        sd      a0, TASK_WAKE(s2)
        addi    t0, s0, LOOP_SLEEPING   # the word that points to task t1
1:      ld      t1, 0(t0)
        beqz    t1, 2f
        ld      t2, TASK_WAKE(t1)
        bgt     t2, a0, 2f
        addi    t0, t1, TASK_NEXT
        j       1b
2:      sd      t1, TASK_NEXT(s2)
        sd      s2, 0(t0)
        j       .Lrun_task

# The round is over: what has come? Without a ready task, wait until something does.
.Lrun_ask:
        ld      t0, LOOP_ALIVE(s0)
        beqz    t0, .Lrun_done
        li      t0, -1                  # a file that ppoll passes over
        li      t1, POLLIN              # what is asked for; nothing is answered yet
        sd      t0, RUN_IO(sp)
        sd      t0, RUN_REQUESTS(sp)
        sw      t1, RUN_IO+4(sp)
        sw      t1, RUN_REQUESTS+4(sp)
        ld      t0, LOOP_OUTSTANDING(s0)
        beqz    t0, 1f
        ld      t0, LOOP_IO(s0)
        sw      t0, RUN_IO(sp)
1:      ld      t0, LOOP_WANTING(s0)
        beqz    t0, 2f
        ld      t0, LOOP_REQUESTS(s0)
        sw      t0, RUN_REQUESTS(sp)
2:      li      t1, 0                   # ticks to wait: none
        ld      t0, LOOP_READY(s0)
        bnez    t0, 3f
        li      a2, 0                   # as long as it takes
        ld      t2, LOOP_SLEEPING(s0)
        beqz    t2, 4f
        addi    a0, sp, RUN_TIME
        call    loop_now
        ld      t2, LOOP_SLEEPING(s0)
        ld      t1, TASK_WAKE(t2)
        sub     t1, t1, a0
        bgez    t1, 3f
        li      t1, 0
3:      li      t0, SECOND
        divu    t2, t1, t0
        remu    t1, t1, t0
        sd      t2, RUN_TIME(sp)
        sd      t1, RUN_TIME+8(sp)
        addi    a2, sp, RUN_TIME
4:      addi    a0, sp, RUN_IO
        li      a1, 2
        li      a3, 0
        li      a4, 0
        li      a7, SYS_PPOLL
        ecall
        blez    a0, .Lrun_wake          # the time is over, or a signal came
        lhu     t0, RUN_IO+6(sp)
        beqz    t0, 5f
        mv      a0, s0
        call    loop_complete
5:      lhu     t0, RUN_REQUESTS+6(sp)
        beqz    t0, .Lrun_wake
        mv      a0, s0
        call    loop_take

.Lrun_wake:
        ld      t0, LOOP_SLEEPING(s0)
        beqz    t0, .Lrun_round
        addi    a0, sp, RUN_TIME
        call    loop_now
        mv      s3, a0
1:      ld      a1, LOOP_SLEEPING(s0)
        beqz    a1, .Lrun_round
        ld      t0, TASK_WAKE(a1)
        bgt     t0, s3, .Lrun_round
        ld      t0, TASK_NEXT(a1)
        sd      t0, LOOP_SLEEPING(s0)
        sd      zero, TASK_VALUE(a1)
        addi    a0, s0, LOOP_READY
        call    list_put
        j       1b

.Lrun_done:
        ld      a0, LOOP_FINISHED(s0)
        ld      ra, 72(sp)
        ld      s0, 64(sp)
        ld      s1, 56(sp)
        ld      s2, 48(sp)
        ld      s3, 40(sp)
        addi    sp, sp, RUN_FRAME
        ret

# loop_destroy - closes a loop's files and frees it.
#
# In:       a0 = loop, whose tasks have all returned; it is dead afterwards.
# Result:   none.
# Clobbers: a0-a3, a7, t0-t6.
        .globl  loop_destroy
loop_destroy:
        mv      t0, a0
        li      a7, SYS_CLOSE
        ld      a0, LOOP_IO(t0)
        bltz    a0, 1f
        ecall
1:      ld      a0, LOOP_REQUESTS(t0)
        bltz    a0, 2f
        ecall
2:      mv      a0, t0
        tail    free

# loop_io - waits for one operation of the I/O device, in a task.
#
# In:       a0 = ticks that it takes, 0 for what the device takes by itself.
# Result:   a0 = its latency in ticks; or a negative errno: -11 (EAGAIN) if the loop has 1,024 under
#           way; -1 (EPERM) outside of a coroutine, -12 (ENOMEM) without room to save the task.
# Clobbers: a1-a7, t0-t6, as any function may: other tasks do.
        .globl  loop_io
loop_io:
        slli    a0, a0, 2
        ori     a0, a0, WAIT_IO
        j       loop_wait

# loop_sleep - waits for a time, in a task.
#
# In:       a0 = ticks.
# Result:   a0 = 0; or -1 (EPERM), -12 (ENOMEM) as loop_io.
# Clobbers: a1-a7, t0-t6, as any function may: other tasks do.
        .globl  loop_sleep
loop_sleep:
        slli    a0, a0, 2
        ori     a0, a0, WAIT_SLEEP
        j       loop_wait

# loop_next_request - waits for a request, in a task.
#
# In:       nothing.
# Result:   a0 = the request, 32 bytes (request.s), until the task's next one; 0 if there are no
#           more; or a negative errno: -6 (ENXIO) without --requests, -1, -12 as loop_io.
# Clobbers: a1-a7, t0-t6, as any function may: other tasks do.
        .globl  loop_next_request
loop_next_request:
        li      a0, WAIT_REQUEST
        j       loop_wait

# loop_yield - lets the other tasks go on, and what has come meanwhile.
#
# In:       nothing.
# Result:   a0 = 0; or -1 (EPERM), -12 (ENOMEM) as loop_io.
# Clobbers: a1-a7, t0-t6, as any function may: other tasks do.
        .globl  loop_yield
loop_yield:
        li      a0, WAIT_YIELD          # and on into loop_wait

# loop_wait - yields what a task waits for, and gives what loop_run has for it.
#
# In:       a0 = ticks << 2 | WAIT_...
        .type   loop_wait, @function
loop_wait:
        addi    sp, sp, -16
        sd      ra, 8(sp)
        call    coroutine_yield
        beqz    a1, 1f
        mv      a0, a1                  # it could not
1:      ld      ra, 8(sp)
        addi    sp, sp, 16
        ret

# loop_request_done - says that a request is done.
#
# In:       a0 = loop that took it, a1 = the request's number.
# Result:   a0 = 0; or a negative errno, as request_done.
# Clobbers: a1, a2, a7.
        .globl  loop_request_done
loop_request_done:
        ld      a0, LOOP_REQUESTS(a0)
        tail    request_done

# loop_complete - makes the tasks ready whose I/O is complete.
#
# In:       a0 = loop.
# Clobbers: a0-a2, a7, t0-t3.
        .type   loop_complete, @function
loop_complete:
        addi    sp, sp, -COMPLETE_FRAME
        sd      ra, 264(sp)
        sd      s0, 256(sp)
        mv      s0, a0
        ld      a0, LOOP_IO(s0)
        mv      a1, sp
        li      a2, COMPLETIONS
        call    io_reap
        blez    a0, 2f
        ld      t0, LOOP_OUTSTANDING(s0)
        sub     t0, t0, a0
        sd      t0, LOOP_OUTSTANDING(s0)
        mv      t1, sp
        slli    t2, a0, 4
        add     t2, t2, sp
        addi    a0, s0, LOOP_READY
1:      ld      a1, 0(t1)               # the task
        ld      t3, 8(t1)               # the latency
        sd      t3, TASK_VALUE(a1)
        call    list_put
        addi    t1, t1, 16
        bne     t1, t2, 1b
2:      ld      ra, 264(sp)
        ld      s0, 256(sp)
        addi    sp, sp, COMPLETE_FRAME
        ret

# loop_take - gives the first task that wants a request one; or all of them 0, if there are no more.
#
# It takes one a round: what it left would wait behind the loop's own tasks, however idle others are.
#
# In:       a0 = loop, which has a task that wants one.
# Clobbers: a0-a2, a7, t0, t1.
        .type   loop_take, @function
loop_take:
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        mv      s0, a0
        ld      s1, LOOP_WANTING(s0)
        ld      a0, LOOP_REQUESTS(s0)
        addi    a1, s1, TASK_REQUEST
        call    request_next
        bltz    a0, 3f                  # another loop was faster
        beqz    a0, 1f
        addi    t1, s1, TASK_REQUEST
        sd      t1, TASK_VALUE(s1)
        j       2f
1:      sd      zero, TASK_VALUE(s1)
2:      mv      a1, s1
        ld      s1, TASK_NEXT(s1)
        sd      s1, LOOP_WANTING(s0)
        mv      t1, a0                  # 0: the others, too
        addi    a0, s0, LOOP_READY
        call    list_put
        mv      a0, t1
        bnez    a0, 3f
        bnez    s1, 1b
3:      ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret

# loop_now - the present tick.
#
# In:       a0 = 16 bytes for it to use.
# Result:   a0 = tick.
# Clobbers: a1, a7, t0.
        .type   loop_now, @function
loop_now:
        mv      a1, a0
        li      a0, CLOCK_MONOTONIC
        li      a7, SYS_CLOCK_GETTIME
        ecall
        ld      a0, 0(a1)
        li      t0, SECOND
        mul     a0, a0, t0
        ld      t0, 8(a1)
        add     a0, a0, t0
        ret

# list_put - puts a task at the end of a list.
#
# In:       a0 = list: its first and its last, which counts only if there is a first; a1 = task.
# Clobbers: t0; a0 and a1 stay.
        .type   list_put, @function
list_put:
        sd      zero, TASK_NEXT(a1)
        ld      t0, 0(a0)
        beqz    t0, 1f
        ld      t0, LIST_LAST(a0)
        sd      a1, TASK_NEXT(t0)
        sd      a1, LIST_LAST(a0)
        ret
1:      sd      a1, 0(a0)
        sd      a1, LIST_LAST(a0)
        ret
