"""Assembly programs that send and handle signals, and what they call things by."""

import rig

EPERM, ESRCH, EINTR, EAGAIN, ENOMEM, EFAULT, EINVAL, ENOSYS = -1, -3, -4, -11, -12, -14, -22, -38
ERESTARTSYS = -512
#: A program that goes wrong here may well run for ever.
MOST = 50_000
SIGUSR1, SIGSEGV, SIGUSR2 = 10, 11, 12

#: Constants, and macros: handle NUMBER, HANDLER, FLAGS[, MASK]; block HOW, MASK; send TID, NUMBER to a thread
#: of this process; finish STATUS.
PRELUDE = """
        .equ SYS_KILL, 129
        .equ SYS_TKILL, 130
        .equ SYS_TGKILL, 131
        .equ SYS_SIGALTSTACK, 132
        .equ SYS_RT_SIGSUSPEND, 133
        .equ SYS_RT_SIGACTION, 134
        .equ SYS_RT_SIGPROCMASK, 135
        .equ SYS_RT_SIGPENDING, 136
        .equ SYS_RT_SIGTIMEDWAIT, 137
        .equ SYS_RT_SIGQUEUEINFO, 138
        .equ SYS_RT_SIGRETURN, 139
        .equ SA_SIGINFO, 4
        .equ SA_ONSTACK, 0x08000000
        .equ SA_RESTART, 0x10000000
        .equ SA_NODEFER, 0x40000000
        .equ SA_RESETHAND, 0x80000000
        .equ SIG_BLOCK, 0
        .equ SIG_UNBLOCK, 1
        .equ SIG_SETMASK, 2
        .equ SIGILL, 4
        .equ SIGTRAP, 5
        .equ SIGABRT, 6
        .equ SIGBUS, 7
        .equ SIGKILL, 9
        .equ SIGUSR1, 10
        .equ SIGSEGV, 11
        .equ SIGUSR2, 12
        .equ SIGPIPE, 13
        .equ SIGTERM, 15
        .equ SIGCHLD, 17
        .equ SIGCONT, 18
        .equ SIGSTOP, 19
        .macro handle number, handler, flags, mask=0
        la      t0, action_
        la      t1, \\handler
        sd      t1, 0(t0)
        li      t1, \\flags
        sd      t1, 8(t0)
        li      t1, \\mask
        sd      t1, 16(t0)
        la      a1, action_
        sys     SYS_RT_SIGACTION, \\number, , 0, 8
        .endm
        .macro answer number, how
        la      t0, action_
        li      t1, \\how
        sd      t1, 0(t0)
        sd      zero, 8(t0)
        sd      zero, 16(t0)
        la      a1, action_
        sys     SYS_RT_SIGACTION, \\number, , 0, 8
        .endm
        .macro block how, mask
        la      t0, mask_
        li      t1, \\mask
        sd      t1, 0(t0)
        la      a1, mask_
        sys     SYS_RT_SIGPROCMASK, \\how, , 0, 8
        .endm
        .macro suspend mask
        la      t0, mask_
        li      t1, \\mask
        sd      t1, 0(t0)
        la      a0, mask_
        sys     SYS_RT_SIGSUSPEND, , 8
        .endm
        .macro raise number
        sys     SYS_GETTID
        sys     SYS_TKILL, , \\number
        .endm
        .macro send tid, number
        sys     SYS_TGKILL, 1, \\tid, \\number
        .endm
        .macro rest nanoseconds
        la      t0, rest_
        sd      zero, 0(t0)
        li      t1, \\nanoseconds
        sd      t1, 8(t0)
        la      a0, rest_
        sys     SYS_NANOSLEEP, , 0
        .endm
        .macro finish status
        sys     SYS_EXIT_GROUP, \\status
        .endm
        .data
        .align  3
action_: .dword 0, 0, 0
mask_:  .dword  0
rest_:  .dword  0, 0
word:   .dword  0
info:   .zero   128
        .bss
        .align  12
        .zero   8192
stack1: .zero   8192
stack2: .zero   8192
stack3: .zero   16
alternate: .zero 4096
alternate_end: .zero 16
        .text
"""

#: Two threads that interrupt each other: in handlers, asleep, in a futex wait with and without SA_RESTART,
#: suspended, with handlers in handlers and on an alternate stack; a fault that is handled; a handler that
#: never returns.
EXCHANGE = (
    PRELUDE
    + """
_start: handle  SIGUSR1, count, SA_RESTART
        handle  SIGUSR2, nested, SA_ONSTACK
        handle  SIGSEGV, skip, SA_SIGINFO
        la      t0, stack_t
        la      t1, alternate
        sd      t1, 0(t0)
        la      a0, stack_t
        sys     SYS_SIGALTSTACK, , 0
        spawn   stack1, child
        li      s0, 12
1:      send    2, SIGUSR1
        rest    300
        send    2, SIGUSR2
        rest    700
        raise   SIGUSR2
        ld      t0, 8(zero)
        addi    s0, s0, -1
        bnez    s0, 1b
        finish  0
child:  la      a0, word
        sys     SYS_FUTEX, , 0, 0, 0
        rest    100
        suspend 1 << (SIGUSR1 - 1)
        send    1, SIGUSR1
        fld     ft0, word, t0
        j       child

count:  la      t0, word
        addi    sp, sp, -16
        sd      ra, 8(sp)
        fcvt.d.l ft0, a0
        fsd     ft0, 0(sp)
        call    twice
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret
twice:  li      a3, 3
        ret
nested: addi    sp, sp, -16
        sd      ra, 8(sp)
        raise   SIGUSR1
        ld      ra, 8(sp)
        addi    sp, sp, 16
        ret
skip:   ld      t0, 176(a2)             # pc
        addi    t0, t0, 4
        sd      t0, 176(a2)
        ret
        .data
        .align  3
stack_t: .dword 0, 0, 4096
"""
)

COUNTER = """
count:  la      t0, word
        ld      t1, 0(t0)
        addi    t1, t1, 1
        sd      t1, 0(t0)
        ret
"""


def run(text: str, **options: object) -> rig.Live:
    return rig.run(PRELUDE + text, **{"max_events": MOST, **options})


def told(live: rig.Live) -> list[tuple[str, int, int]]:
    """(action, number, tid) of what happened to signals."""
    return [
        (event.action, event.number, event.tid)
        for event in live.of("signal")
        if event.action not in ("disposition", "mask", "stack")
    ]
