"""Linux error numbers, negated, as system calls return them (asm-generic/errno-base.h, errno.h)."""

import errno as host

EPERM, ENOENT, ESRCH, EINTR, EIO, ENXIO, E2BIG, ENOEXEC, EBADF, ECHILD = (
    -1,
    -2,
    -3,
    -4,
    -5,
    -6,
    -7,
    -8,
    -9,
    -10,
)
EAGAIN, ENOMEM, EACCES, EFAULT, EBUSY, EEXIST, EXDEV = -11, -12, -13, -14, -16, -17, -18
ENODEV, ENOTDIR, EISDIR, EINVAL, ENFILE, EMFILE, ENOTTY = -19, -20, -21, -22, -23, -24, -25
ETXTBSY, EFBIG, ENOSPC, ESPIPE, EROFS, EMLINK, EPIPE, ERANGE = -26, -27, -28, -29, -30, -31, -32, -34
ENAMETOOLONG, ENOSYS, ENOTEMPTY, ELOOP = -36, -38, -39, -40
EILSEQ, EOPNOTSUPP, ETIMEDOUT, EDQUOT = -84, -95, -110, -122
#: A call that a signal interrupted and that is made again when the handler has returned; a program never
#: sees it (linux/errno.h).
ERESTARTSYS = -512


class Failure(Exception):
    """A system call fails with this (negative) error number."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def from_host(error: OSError) -> int:
    """Linux's number for an error of the host's, whose own may be others."""
    name = host.errorcode.get(error.errno or 0, "EIO")
    number = globals().get(name, EIO)
    return number if isinstance(number, int) else EIO
