/* Signals as a C program sees them; each line of output is one thing checked. Where qemu-user is wrong (it
   looks for a disposition's mask 8 bytes too far on riscv64) nothing is printed. */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static volatile sig_atomic_t count, code, on_alternate;
static volatile siginfo_t seen;
static void *volatile where;
static sigjmp_buf back;
static char alternate[32768];
static volatile int order[8], places;
static volatile double kept;

static void add(int number) { count += number; }

static void nested(int number)
{
    order[places++] = number;
    if (number == SIGUSR1)
        raise(SIGUSR2);
    order[places++] = -number;
}

static void keep(int number, siginfo_t *info, void *context) { seen = *info; }

static void fault(int number, siginfo_t *info, void *context)
{
    where = info->si_addr;
    code = info->si_code;
    siglongjmp(back, number);
}

static void look(int number)
{
    char here;
    on_alternate = &here >= alternate && &here < alternate + sizeof alternate;
}

static void compute(int number)
{
    double value = 1;
    for (int i = 0; i < 20; i++)
        value = value * 1.5 + i;
    kept = value;
}

/* Steps over the instruction at which the thread was. */
static void skip(int number, siginfo_t *info, void *context)
{
    ucontext_t *user = context;
    uint16_t *pc = (uint16_t *)user->uc_mcontext.__gregs[0];
    user->uc_mcontext.__gregs[0] += (*pc & 3) == 3 ? 4 : 2;
    count++;
}

static void handle(int number, void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigaction(number, &action, 0);
}

static void handle_info(int number, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
    sigaction(number, &action, 0);
}

static int deep(int depth)
{
    volatile char block[512];
    block[0] = depth;
    return depth > 1000000 ? 0 : deep(depth + 1) + block[0];
}

static void handlers(void)
{
    struct sigaction old;
    handle(SIGUSR1, add, 0);
    raise(SIGUSR1);
    kill(getpid(), SIGUSR1);
    sigaction(SIGUSR1, 0, &old);
    printf("count %d old %d\n", count, old.sa_handler == add);
    handle(SIGUSR1, nested, 0);
    handle(SIGUSR2, nested, 0);
    raise(SIGUSR1);
    printf("order %d %d %d %d\n", order[0], order[1], order[2], order[3]);
}

static void masks(void)
{
    sigset_t set, before, pending, other;
    siginfo_t got;
    struct timespec soon = {0, 1000000};
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, &before);
    handle_info(SIGRTMIN, keep, 0);
    raise(SIGUSR1);
    raise(SIGUSR1);
    sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 77});
    sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 78});
    sigpending(&pending);
    printf("pending %d %d %d\n", sigismember(&pending, SIGUSR1), sigismember(&pending, SIGRTMIN),
           sigismember(&pending, SIGINT));
    printf("waited %d", sigwaitinfo(&set, &got));
    printf(" code %d\n", got.si_code);
    printf("waited %d", sigwaitinfo(&set, &got) == SIGRTMIN);
    printf(" value %d code %d\n", got.si_value.sival_int, got.si_code);
    sigemptyset(&other);
    sigaddset(&other, SIGINT);
    printf("timed %d", sigtimedwait(&other, 0, &soon));
    printf(" %d\n", errno == EAGAIN);
    sigprocmask(SIG_SETMASK, &before, 0);
    printf("value %d own %d\n", seen.si_value.sival_int, seen.si_pid == getpid());
    count = 0;
    handle(SIGUSR1, add, 0);
    sigprocmask(SIG_BLOCK, &set, 0);
    raise(SIGUSR1);
    sigemptyset(&other);
    printf("suspended %d", sigsuspend(&other));
    printf(" %d count %d\n", errno == EINTR, count);
    sigprocmask(SIG_SETMASK, &before, &pending);
    printf("still blocked %d\n", sigismember(&pending, SIGUSR1));
}

static void faults(void)
{
    int number;
    handle_info(SIGSEGV, fault, 0);
    if (!(number = sigsetjmp(back, 1)))
        *(volatile int *)0x10 = 1;
    printf("fault %d at %p code %d\n", number, where, code);
    if (!(number = sigsetjmp(back, 1)))
        *(volatile int *)faults = 1;
    printf("fault %d in the text %d code %d\n", number, where == (void *)faults, code);
    if (!(number = sigsetjmp(back, 1)))
        ((void (*)(void))0x20)();
    printf("fault %d at %p code %d\n", number, where, code);
    count = 0;
    handle_info(SIGTRAP, skip, 0);
    handle_info(SIGILL, skip, 0);
    __asm__ volatile("ebreak");
    __asm__ volatile(".word 0xffffffff");
    printf("skipped %d\n", count);
}

static void stacks(void)
{
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate}, old;
    struct sigaction action;
    int number;
    printf("stack %d", sigaltstack(&stack, 0));
    sigaltstack(0, &old);
    printf(" flags %d size %zu\n", old.ss_flags, old.ss_size);
    handle(SIGUSR2, look, SA_ONSTACK | SA_RESETHAND);
    raise(SIGUSR2);
    sigaction(SIGUSR2, 0, &action);
    printf("on it %d default again %d\n", on_alternate, action.sa_handler == SIG_DFL);
    handle_info(SIGSEGV, fault, SA_ONSTACK);
    if (!(number = sigsetjmp(back, 1)))
        number = deep(0);
    printf("overflow %d\n", number);
}

int main(void)
{
    double sum = 0, parts[12];
    handlers();
    masks();
    faults();
    stacks();
    handle(SIGUSR1, compute, 0);
    for (int i = 0; i < 12; i++)
        parts[i] = i * 0.25;
    for (int i = 0; i < 12; i++) {
        sum += parts[i];
        raise(SIGUSR1);
    }
    printf("sum %.3f\n", sum);
    printf("refused %d", sigaction(SIGKILL, &(struct sigaction){.sa_handler = add}, 0));
    printf(" %d\n", errno == EINVAL);
    signal(SIGTERM, SIG_IGN);
    raise(SIGTERM);
    raise(SIGCHLD);
    fflush(stdout);
    abort();
}
