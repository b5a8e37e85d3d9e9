/* Loaded before the C library: below one directory, the nth call of some kinds fails, or all calls from it on.
 * It stands between the disk and everybody in the process: Python, SQLite, Arrow. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITE = 1, SYNC = 2, RENAME = 4, OPEN = 8, TRUNCATE = 16, MAKE = 32, UNLINK = 64 };

static char below[4096];
static int kinds, nth, error, lasting, count;

/* Count the calls below `directory` of these kinds, and let the nth fail with `number`; 0: none. */
void fail(const char *directory, int which, int n, int number, int on)
{
    strncpy(below, directory, sizeof below - 1);
    kinds = which, nth = n, error = number, lasting = on;
    __atomic_store_n(&count, 0, __ATOMIC_SEQ_CST);
}

int counted(void) { return __atomic_load_n(&count, __ATOMIC_SEQ_CST); }

static int fails(int kind, const char *path)
{
    if (!(kinds & kind) || !path || strncmp(path, below, strlen(below)))
        return 0;
    int n = __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST);
    if (!nth || (lasting ? n < nth : n != nth))
        return 0;
    errno = error;
    return 1;
}

static int fails_at(int kind, int fd)
{
    char link[64], path[4096];
    if (!(kinds & kind))
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return fails(kind, path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define BY_FD(kind, type, name, parameters, fd, ...) \
    type name parameters { return fails_at(kind, fd) ? -1 : REAL(name)(fd, ##__VA_ARGS__); }
#define BY_PATH(kind, name, parameters, path, ...) \
    int name parameters { return fails(kind, path) ? -1 : REAL(name)(__VA_ARGS__); }
#define OPENED(name, parameters, path, ...) \
    int name parameters \
    { \
        va_list more; \
        va_start(more, flags); \
        int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, int) : 0; \
        va_end(more); \
        return fails(OPEN, path) ? -1 : REAL(name)(__VA_ARGS__, flags, mode); \
    }

BY_FD(WRITE, ssize_t, write, (int fd, const void *data, size_t size), fd, data, size)
BY_FD(WRITE, ssize_t, pwrite, (int fd, const void *data, size_t size, off_t at), fd, data, size, at)
BY_FD(WRITE, ssize_t, pwrite64, (int fd, const void *data, size_t size, off64_t at), fd, data, size, at)
BY_FD(WRITE, ssize_t, writev, (int fd, const struct iovec *data, int size), fd, data, size)
BY_FD(SYNC, int, fsync, (int fd), fd)
BY_FD(SYNC, int, fdatasync, (int fd), fd)
BY_FD(TRUNCATE, int, ftruncate, (int fd, off_t size), fd, size)
BY_FD(TRUNCATE, int, ftruncate64, (int fd, off64_t size), fd, size)
BY_PATH(RENAME, rename, (const char *path, const char *to), path, path, to)
BY_PATH(MAKE, mkdir, (const char *path, mode_t mode), path, path, mode)
BY_PATH(UNLINK, unlink, (const char *path), path, path)
OPENED(open, (const char *path, int flags, ...), path, path)
OPENED(open64, (const char *path, int flags, ...), path, path)
OPENED(openat, (int directory, const char *path, int flags, ...), path, directory, path)
OPENED(openat64, (int directory, const char *path, int flags, ...), path, directory, path)
