"""Linux error numbers, negated, as system calls return them (asm-generic/errno-base.h, errno.h)."""

EPERM, ESRCH, EINTR, EIO, E2BIG, EBADF, ECHILD, EAGAIN, ENOMEM = -1, -3, -4, -5, -7, -9, -10, -11, -12
EFAULT, EEXIST, EINVAL = -14, -17, -22
ENOSYS, EOPNOTSUPP, ETIMEDOUT = -38, -95, -110
#: A call that a signal interrupted and that is made again when the handler has returned; a program never
#: sees it (linux/errno.h).
ERESTARTSYS = -512
