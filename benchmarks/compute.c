/* Integer work without any library: a sieve, a matrix product, a checksum, a sort, ROUNDS times over.
 *
 * It runs as a Linux process and on a bare machine alike: at its end it tells a bare machine's host by `tohost`
 * (HTIF, as Spike has it), and Linux by the system call exit. Status 0: the results are right. */

typedef unsigned int u32;
typedef unsigned long u64;

enum { PRIMES = 4096, SIDE = 16, WORDS = 1024 };

volatile u64 tohost __attribute__((aligned(64))), fromhost __attribute__((aligned(64)));
static unsigned char composite[PRIMES];
static u32 a[SIDE][SIDE], b[SIDE][SIDE], c[SIDE][SIDE], words[WORDS];
char stack[8192] __attribute__((aligned(16)));

static u32 sieve(void) {
    u32 count = 0;
    for (u32 i = 0; i < PRIMES; i++)
        composite[i] = 0;
    for (u32 i = 2; i < PRIMES; i++) {
        if (composite[i])
            continue;
        count++;
        for (u32 j = 2 * i; j < PRIMES; j += i)
            composite[j] = 1;
    }
    return count;
}

static u32 product(u32 seed) {
    u32 trace = 0;
    for (u32 i = 0; i < SIDE; i++)
        for (u32 j = 0; j < SIDE; j++)
            a[i][j] = i * seed + j, b[i][j] = i + j * seed;
    for (u32 i = 0; i < SIDE; i++)
        for (u32 j = 0; j < SIDE; j++) {
            u32 sum = 0;
            for (u32 k = 0; k < SIDE; k++)
                sum += a[i][k] * b[k][j];
            c[i][j] = sum;
        }
    for (u32 i = 0; i < SIDE; i++)
        trace += c[i][i];
    return trace;
}

/* 1 if it is sorted. */
static u32 sort(u32 seed) {
    u32 gap = 1;
    for (u32 i = 0; i < WORDS; i++) {
        seed ^= seed << 13, seed ^= seed >> 17, seed ^= seed << 5;
        words[i] = seed;
    }
    while (gap < WORDS)
        gap = 3 * gap + 1;
    while (gap /= 3)
        for (u32 i = gap; i < WORDS; i++) {
            u32 word = words[i], j = i;
            for (; j >= gap && words[j - gap] > word; j -= gap)
                words[j] = words[j - gap];
            words[j] = word;
        }
    for (u32 i = 1; i < WORDS; i++)
        if (words[i - 1] > words[i])
            return 0;
    return 1;
}

void compute(void) {
    u32 wrong = 0;
    for (u32 round = 1; round <= ROUNDS; round++)
        wrong |= sieve() != 564 || !product(round) || !sort(round);
    tohost = wrong << 1 | 1;
    register u64 status __asm__("a0") = wrong;
    register u64 number __asm__("a7") = 93;
    __asm__ volatile("ecall" : : "r"(status), "r"(number));
    for (;;)
        ;
}

__asm__(".globl _start\n_start: la sp, stack + 8192\n        call compute\n");
