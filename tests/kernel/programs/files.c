/* Standard input and output on files of the directory argv[1]: what it prints is the same on any system. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int by_name(const void *a, const void *b) { return strcmp(*(char **)a, *(char **)b); }

static void list(const char *path)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    char *names[100];
    int count = 0;
    while ((entry = readdir(directory)) != NULL)
        names[count++] = strdup(entry->d_name);
    rewinddir(directory);
    readdir(directory);
    closedir(directory);
    qsort(names, count, sizeof *names, by_name);
    for (int i = 0; i < count; i++)
        printf("entry %s\n", names[i]);
}

static void numbers(void)
{
    FILE *file = fopen("numbers", "w+");
    long sum = 0, value;
    for (int i = 0; i < 5000; i++)
        fprintf(file, "%d\n", i * i % 7919);
    rewind(file);
    while (fscanf(file, "%ld", &value) == 1)
        sum += value;
    printf("sum %ld at %ld, end %d\n", sum, ftell(file), feof(file) != 0);
    fseek(file, -5, SEEK_END);
    char line[20] = "";
    fgets(line, sizeof line, file);
    printf("last %s", line);
    fclose(file);
}

static void binary(void)
{
    static double values[2000], back[2000];
    for (int i = 0; i < 2000; i++)
        values[i] = i / 3.0;
    int fd = open("binary", O_RDWR | O_CREAT | O_EXCL, 0600);
    printf("write %zd\n", write(fd, values, sizeof values));
    printf("pread %zd\n", pread(fd, back, sizeof back, 0));
    printf("same %d\n", memcmp(values, back, sizeof values) == 0);
    const double *mapped = mmap(NULL, sizeof values, PROT_READ, MAP_PRIVATE, fd, 0);
    printf("mapped %d\n", memcmp(values, mapped, sizeof values) == 0);
    munmap((void *)mapped, sizeof values);
    printf("truncate %d at %ld\n", ftruncate(fd, 100), (long)lseek(fd, 0, SEEK_END));
    close(fd);
    struct stat status;
    printf("stat %d %ld %o\n", stat("binary", &status), (long)status.st_size, status.st_mode);
}

static void errors(void)
{
    char byte;
    printf("none %d %s\n", open("none", O_RDONLY), strerror(errno));
    printf("twice %d %s\n", mkdir("made", 0755), strerror(errno));
    printf("full %d %s\n", rmdir("made"), strerror(errno));
    printf("folder %d %s\n", open("made", O_WRONLY), strerror(errno));
    printf("fd %zd %s\n", read(77, &byte, 1), strerror(errno));
}

int main(int argc, char **argv)
{
    char buffer[100];
    if (argc != 2 || chdir(argv[1]) != 0)
        return 1;
    FILE *file = fopen("given", "r");
    while (fgets(buffer, sizeof buffer, file) != NULL)
        printf("given %s", buffer);
    fclose(file);
    numbers();
    binary();
    mkdir("made", 0755);
    rename("binary", "made/moved");
    errors();
    list(".");
    list("made");
    printf("access %d %d\n", access("made/moved", R_OK), access("made/moved", X_OK));
    remove("made/moved");
    printf("gone %d\n", rmdir("made"));
    return 0;
}
