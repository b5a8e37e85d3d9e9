/* Processes: fork, wait, exec, pipes, shared memory, signals between processes. A line for each fact, the
   same under Linux. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static int counter = 1;
static volatile sig_atomic_t seen, seen_status, seen_is_child;
static pid_t last;

static void on_child(int number, siginfo_t *info, void *context)
{
    seen = number;
    seen_status = info->si_status;
    seen_is_child = info->si_pid == last;
}

static void fact(const char *name, long value)
{
    printf("%s %ld\n", name, value);
    fflush(stdout);
}

static void copies(void)
{
    int status;
    char *heap = malloc(100000);
    strcpy(heap, "parent");
    pid_t pid = fork();
    if (pid == 0) {
        counter += 41;
        strcpy(heap, "child");
        _exit(counter + (getppid() != getpid()) + (strcmp(heap, "child") == 0));
    }
    fact("waited", waitpid(pid, &status, 0) == pid);
    fact("exit status", WEXITSTATUS(status));
    fact("counter", counter);
    printf("%s\n", heap);
    free(heap);
}

static void pipes(void)
{
    int there[2], back[2];
    char buffer[64];
    pipe(there);
    pipe(back);
    if (fork() == 0) {
        close(there[1]);
        close(back[0]);
        long sum = 0, value;
        while (read(there[0], &value, sizeof value) == sizeof value)
            sum += value;
        write(back[1], &sum, sizeof sum);
        _exit(0);
    }
    close(there[0]);
    close(back[1]);
    for (long i = 1; i <= 1000; i++)
        write(there[1], &i, sizeof i);
    close(there[1]);
    long sum = 0;
    fact("read", read(back[0], &sum, sizeof sum));
    fact("sum", sum);
    fact("end", read(back[0], buffer, sizeof buffer));
    close(back[0]);
    fact("wait", wait(NULL) > 0);
    fact("no more", wait(NULL) == -1 && errno == ECHILD);
}

struct shared {
    pthread_mutex_t lock;
    sem_t ready;
    long total;
};

static void shares(void)
{
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&shared->lock, &attributes);
    sem_init(&shared->ready, 1, 0);
    for (int child = 0; child < 4; child++)
        if (fork() == 0) {
            sem_wait(&shared->ready);
            for (int i = 0; i < 500; i++) {
                pthread_mutex_lock(&shared->lock);
                shared->total++;
                pthread_mutex_unlock(&shared->lock);
            }
            _exit(7);
        }
    for (int child = 0; child < 4; child++)
        sem_post(&shared->ready);
    int statuses = 0, status;
    for (int child = 0; child < 4; child++) {
        wait(&status);
        statuses += WEXITSTATUS(status);
    }
    fact("statuses", statuses);
    fact("shared total", shared->total);
    munmap(shared, sizeof *shared);
}

static void signals(void)
{
    int status;
    pid_t pid = fork();
    if (pid == 0)
        for (;;)
            pause();
    fact("kill", kill(pid, SIGTERM));
    waitpid(pid, &status, 0);
    fact("signalled", WIFSIGNALED(status) ? WTERMSIG(status) : -1);
    struct sigaction action = {.sa_sigaction = on_child, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigaction(SIGCHLD, &action, NULL);
    sigset_t chld, before;
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    sigprocmask(SIG_BLOCK, &chld, &before);
    if ((last = fork()) == 0)
        _exit(9);
    while (!seen)
        sigsuspend(&before);
    sigprocmask(SIG_SETMASK, &before, NULL);
    fact("SIGCHLD", seen);
    fact("si_status", seen_status);
    fact("si_pid", seen_is_child);
    siginfo_t info;
    fact("waitid", waitid(P_PID, last, &info, WEXITED | WNOWAIT));
    fact("si_code", info.si_code == CLD_EXITED && info.si_pid == last);
    fact("WNOHANG", waitpid(last, &status, WNOHANG) == last);
    signal(SIGCHLD, SIG_IGN);
    if (fork() == 0)
        _exit(0);
    fact("ignored children", wait(NULL) == -1 && errno == ECHILD);
    signal(SIGCHLD, SIG_DFL);
    pid = fork();
    if (pid == 0) {
        volatile int *null = NULL;
        *null = 1;
    }
    waitpid(pid, &status, 0);
    fact("segfault", WTERMSIG(status));
}

static void *in_thread(void *unused)
{
    pid_t pid = fork();
    int status;
    if (pid == 0)
        _exit(getpid() > 0 ? 21 : 0);
    waitpid(pid, &status, 0);
    return (void *)(long)WEXITSTATUS(status);
}

static void threads(void)
{
    pthread_t thread;
    void *result;
    pthread_create(&thread, NULL, in_thread, NULL);
    pthread_join(thread, &result);
    fact("fork in a thread", (long)result);
}

extern char **environ;

static void runs_others(const char *self)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        execl(self, self, "executed", (char *)NULL);
        _exit(1);
    }
    waitpid(pid, &status, 0);
    fact("exec", WEXITSTATUS(status));
    char *arguments[] = {"spawned", NULL};
    fact("spawn", posix_spawn(&pid, self, NULL, NULL, arguments, environ));
    waitpid(pid, &status, 0);
    fact("spawned", WEXITSTATUS(status));
    pid = vfork();
    if (pid == 0)
        _exit(3);
    waitpid(pid, &status, 0);
    fact("vfork", WEXITSTATUS(status));
}

static void generations(void)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        pid = fork();
        if (pid == 0) {
            pid = fork();
            if (pid == 0)
                _exit(1);
            waitpid(pid, &status, 0);
            _exit(WEXITSTATUS(status) + 1);
        }
        waitpid(pid, &status, 0);
        _exit(WEXITSTATUS(status) + 1);
    }
    waitpid(pid, &status, 0);
    fact("generations", WEXITSTATUS(status));
}

int main(int count, char **arguments)
{
    if (count > 1)
        return strcmp(arguments[1], "executed") == 0 ? 11 : 12;
    if (strcmp(arguments[0], "spawned") == 0)
        return 12;
    copies();
    pipes();
    shares();
    signals();
    threads();
    runs_others(arguments[0]);
    generations();
    return 0;
}
