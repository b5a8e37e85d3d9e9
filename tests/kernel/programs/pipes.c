/* Lines through a pipe to a thread that counts them, and the answer through another one. */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int there[2], back[2];

static void *count(void *argument)
{
    FILE *in = fdopen(there[0], "r");
    char line[200];
    long lines = 0, bytes = 0;
    while (fgets(line, sizeof line, in) != NULL) {
        lines++;
        bytes += strlen(line);
    }
    dprintf(back[1], "%ld lines, %ld bytes\n", lines, bytes);
    close(back[1]);
    return argument;
}

int main(void)
{
    pthread_t thread;
    char answer[100] = "";
    if (pipe(there) != 0 || pipe(back) != 0)
        return 1;
    pthread_create(&thread, NULL, count, NULL);
    FILE *out = fdopen(there[1], "w");
    for (int i = 0; i < 3000; i++)
        fprintf(out, "line %d of three thousand, with words enough to fill a pipe\n", i);
    fclose(out);
    struct pollfd wanted = {.fd = back[0], .events = POLLIN};
    printf("poll %d\n", poll(&wanted, 1, -1));
    ssize_t size = read(back[0], answer, sizeof answer - 1);
    printf("%.*s", (int)size, answer);
    pthread_join(thread, NULL);
    printf("end %zd\n", read(back[0], answer, 1));
    return 0;
}
