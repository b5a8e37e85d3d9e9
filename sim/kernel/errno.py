"""Linux error numbers, negated, as system calls return them (asm-generic/errno-base.h, errno.h)."""

EINTR, EIO, EBADF, EAGAIN, ENOMEM, EFAULT, EEXIST, EINVAL = -4, -5, -9, -11, -12, -14, -17, -22
ENOSYS, ETIMEDOUT = -38, -110
