"""What clone and clone3 ask for."""

from dataclasses import dataclass

# Flags (linux/sched.h).
CLONE_VM, CLONE_FS, CLONE_FILES, CLONE_SIGHAND, CLONE_VFORK = 0x100, 0x200, 0x400, 0x800, 0x4000
CLONE_THREAD, CLONE_SETTLS, CLONE_PARENT_SETTID = 0x10000, 0x80000, 0x100000
CLONE_CHILD_CLEARTID, CLONE_CHILD_SETTID = 0x200000, 0x1000000
CLONE_PIDFD, CLONE_INTO_CGROUP = 0x1000, 0x200000000
#: The signal at a process's end, in the flags of clone.
CSIGNAL = 0xFF


@dataclass(frozen=True)
class Birth:
    """``stack`` is the stack pointer, 0 for the parent's; ``signal`` tells the parent of a process's end."""

    flags: int
    stack: int
    tls: int
    parent_tid: int
    child_tid: int
    signal: int = 0
