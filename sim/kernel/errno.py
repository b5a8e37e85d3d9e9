"""Linux error numbers, negated, as system calls return them (asm-generic/errno-base.h, errno.h)."""

EPERM, ESRCH, EINTR, EIO, EBADF, EAGAIN, ENOMEM = -1, -3, -4, -5, -9, -11, -12
EFAULT, EINVAL, ENOTTY, EPIPE, ENOSYS, ETIMEDOUT = -14, -22, -25, -32, -38, -110
