/* compute.c - a set of small well-known algorithms, each of which prints one line that can be checked.

   Shows:   how an ordinary program spends its instructions: sorting, hashing, compressing, matrices, search,
            big numbers. It has one thread and the same output on every machine.
   Try:     simrec run examples/c/compute.c            all of it
            simrec run examples/c/compute.c -- sort lz  only these
            simrec query "select function, count(*) as n from instruction join code using (pc)
                          group by 1 order by 2 desc limit 10"
   Compare: cc examples/c/compute.c -o compute && ./compute prints the same */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __clang__
#pragma STDC FP_CONTRACT OFF /* a fused multiply-add rounds once, and not every machine has one */
#endif

/* ---- Random numbers: xorshift64*, so that every machine draws the same. ---- */

static uint64_t random_state;

static void seed(uint64_t value)
{
    random_state = value;
}

static uint32_t draw(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)((random_state * 0x2545F4914F6CDD1Dull) >> 32);
}

static void *allocate(size_t size)
{
    void *memory = malloc(size);

    if (!memory) {
        fputs("compute: out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

/* ---- Checksums. ---- */

static uint32_t crc_table[256];

static void make_crc_table(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t remainder = byte;
        for (int bit = 0; bit < 8; bit++)
            remainder = remainder & 1 ? remainder >> 1 ^ 0xEDB88320u : remainder >> 1;
        crc_table[byte] = remainder;
    }
}

static uint32_t crc32(const void *data, size_t size)
{
    const unsigned char *byte = data;
    uint32_t crc = 0xFFFFFFFFu;

    if (!crc_table[1])
        make_crc_table();
    for (size_t i = 0; i < size; i++)
        crc = crc >> 8 ^ crc_table[(crc ^ byte[i]) & 0xFF];
    return ~crc;
}

static uint32_t adler32(const void *data, size_t size)
{
    const unsigned char *byte = data;
    uint32_t low = 1, high = 0;

    for (size_t i = 0; i < size; i++) {
        low = (low + byte[i]) % 65521;
        high = (high + low) % 65521;
    }
    return high << 16 | low;
}

static void run_checksums(void)
{
    static const char digits[] = "123456789";

    printf("checksums: crc32 %08x, adler32 %08x\n", crc32(digits, 9), adler32(digits, 9));
}

/* ---- Sorting: four ways, one result. ---- */

static void insertion_sort(int32_t *values, int count)
{
    for (int i = 1; i < count; i++) {
        int32_t value = values[i];
        int j = i;
        for (; j > 0 && values[j - 1] > value; j--)
            values[j] = values[j - 1];
        values[j] = value;
    }
}

static void swap(int32_t *a, int32_t *b)
{
    int32_t kept = *a;

    *a = *b;
    *b = kept;
}

/* Median of three as the pivot; the shorter part by recursion, the longer by going on. */
static void quick_sort(int32_t *values, int count)
{
    while (count > 12) {
        int middle = count / 2, last = count - 1;
        if (values[middle] < values[0])
            swap(&values[middle], &values[0]);
        if (values[last] < values[0])
            swap(&values[last], &values[0]);
        if (values[last] < values[middle])
            swap(&values[last], &values[middle]);
        int32_t pivot = values[middle];
        int low = 0, high = last;
        while (low <= high) {
            while (values[low] < pivot)
                low++;
            while (values[high] > pivot)
                high--;
            if (low <= high)
                swap(&values[low++], &values[high--]);
        }
        if (high + 1 < count - low) {
            quick_sort(values, high + 1);
            values += low;
            count -= low;
        } else {
            quick_sort(values + low, count - low);
            count = high + 1;
        }
    }
    insertion_sort(values, count);
}

static void sift_down(int32_t *heap, int root, int count)
{
    for (;;) {
        int child = 2 * root + 1;
        if (child >= count)
            return;
        if (child + 1 < count && heap[child + 1] > heap[child])
            child++;
        if (heap[root] >= heap[child])
            return;
        swap(&heap[root], &heap[child]);
        root = child;
    }
}

static void heap_sort(int32_t *values, int count)
{
    for (int i = count / 2 - 1; i >= 0; i--)
        sift_down(values, i, count);
    for (int end = count - 1; end > 0; end--) {
        swap(&values[0], &values[end]);
        sift_down(values, 0, end);
    }
}

static void merge_sort(int32_t *values, int count)
{
    int32_t *other = allocate(count * sizeof *other);

    for (int width = 1; width < count; width *= 2) {
        for (int start = 0; start < count; start += 2 * width) {
            int middle = start + width < count ? start + width : count;
            int end = start + 2 * width < count ? start + 2 * width : count;
            int left = start, right = middle;
            for (int i = start; i < end; i++) {
                int from_left = left < middle && (right >= end || values[left] <= values[right]);
                other[i] = from_left ? values[left++] : values[right++];
            }
        }
        memcpy(values, other, count * sizeof *values);
    }
    free(other);
}

/* By bytes from the lowest; the sign bit is turned over on the way in and out. */
static void radix_sort(int32_t *values, int count)
{
    uint32_t *keys = allocate(count * sizeof *keys), *other = allocate(count * sizeof *other);

    for (int i = 0; i < count; i++)
        keys[i] = (uint32_t)values[i] ^ 0x80000000u;
    for (int shift = 0; shift < 32; shift += 8) {
        int place[257] = { 0 };
        for (int i = 0; i < count; i++)
            place[(keys[i] >> shift & 0xFF) + 1]++;
        for (int byte = 0; byte < 256; byte++)
            place[byte + 1] += place[byte];
        for (int i = 0; i < count; i++)
            other[place[keys[i] >> shift & 0xFF]++] = keys[i];
        uint32_t *kept = keys;
        keys = other;
        other = kept;
    }
    for (int i = 0; i < count; i++)
        values[i] = (int32_t)(keys[i] ^ 0x80000000u);
    free(keys);
    free(other);
}

static void run_sort(void)
{
    enum { COUNT = 500 };
    void (*const sorts[])(int32_t *, int) = { quick_sort, heap_sort, merge_sort, radix_sort };
    int32_t original[COUNT], values[COUNT];
    uint32_t first_crc = 0;
    int agree = 0;

    seed(42);
    for (int i = 0; i < COUNT; i++) {
        original[i] = (int32_t)draw();
        original[i] >>= draw() % 24;
    }
    for (size_t i = 0; i < sizeof sorts / sizeof *sorts; i++) {
        memcpy(values, original, sizeof values);
        sorts[i](values, COUNT);
        uint32_t crc = crc32(values, sizeof values);
        if (i == 0)
            first_crc = crc;
        agree += crc == first_crc;
    }
    printf("sort: %d of 4 agree, crc %08x, least %d, median %d, greatest %d\n", agree, first_crc, values[0],
           values[COUNT / 2], values[COUNT - 1]);
}

/* ---- A hash table: open addressing, doubling, deletion by shifting back. ---- */

struct entry {
    char key[12];
    int value;
    int used;
};

struct table {
    struct entry *entries;
    int capacity, count;
};

static uint32_t fnv1a(const char *text)
{
    uint32_t hash = 2166136261u;

    while (*text)
        hash = (hash ^ (unsigned char)*text++) * 16777619u;
    return hash;
}

static struct table new_table(int capacity)
{
    struct table table = { allocate(capacity * sizeof(struct entry)), capacity, 0 };

    memset(table.entries, 0, capacity * sizeof(struct entry));
    return table;
}

/* Where the key is, or where it would go. */
static struct entry *find(const struct table *table, const char *key)
{
    int at = (int)(fnv1a(key) & (uint32_t)(table->capacity - 1));

    while (table->entries[at].used && strcmp(table->entries[at].key, key) != 0)
        at = (at + 1) & (table->capacity - 1);
    return &table->entries[at];
}

static int *slot(struct table *table, const char *key)
{
    struct entry *entry = find(table, key);

    if (entry->used)
        return &entry->value;
    if (4 * (table->count + 1) > 3 * table->capacity) {
        struct table larger = new_table(2 * table->capacity);
        for (int i = 0; i < table->capacity; i++)
            if (table->entries[i].used)
                *slot(&larger, table->entries[i].key) = table->entries[i].value;
        free(table->entries);
        *table = larger;
        entry = find(table, key);
    }
    strcpy(entry->key, key);
    entry->used = 1;
    table->count++;
    return &entry->value;
}

static void forget(struct table *table, const char *key)
{
    int mask = table->capacity - 1;
    struct entry *entry = find(table, key);
    int hole = (int)(entry - table->entries);

    if (!entry->used)
        return;
    for (int at = (hole + 1) & mask; table->entries[at].used; at = (at + 1) & mask) {
        int home = (int)(fnv1a(table->entries[at].key) & (uint32_t)mask);
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            table->entries[hole] = table->entries[at];
            hole = at;
        }
    }
    memset(&table->entries[hole], 0, sizeof(struct entry));
    table->count--;
}

static void run_hash(void)
{
    struct table table = new_table(16);
    char key[12];
    long sum = 0;

    seed(7);
    for (int i = 0; i < 2000; i++) {
        snprintf(key, sizeof key, "k%u", draw() % 300);
        ++*slot(&table, key);
    }
    for (int i = 0; i < 300; i += 3) {
        snprintf(key, sizeof key, "k%d", i);
        forget(&table, key);
    }
    for (int i = 0; i < 300; i++) {
        snprintf(key, sizeof key, "k%d", i);
        struct entry *entry = find(&table, key);
        sum += entry->used ? (long)i * entry->value : 0;
    }
    printf("hash: %d keys in %d slots, weighted sum %ld\n", table.count, table.capacity, sum);
    free(table.entries);
}

/* ---- Matrices: integer powers, and a linear system in floating point. ---- */

enum { SIZE = 12 };

static void multiply(uint64_t a[2][2], uint64_t b[2][2], uint64_t modulus)
{
    uint64_t product[2][2];

    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            product[i][j] = (a[i][0] * b[0][j] + a[i][1] * b[1][j]) % modulus;
    memcpy(a, product, sizeof product);
}

static uint64_t fibonacci(uint64_t n, uint64_t modulus)
{
    uint64_t power[2][2] = { { 1, 1 }, { 1, 0 } }, result[2][2] = { { 1, 0 }, { 0, 1 } };

    for (; n; n >>= 1) {
        if (n & 1)
            multiply(result, power, modulus);
        multiply(power, power, modulus);
    }
    return result[0][1];
}

/* Gauss with partial pivoting; the determinant, and the solution in place of b. */
static double solve(double a[SIZE][SIZE], double b[SIZE])
{
    double determinant = 1;

    for (int column = 0; column < SIZE; column++) {
        int pivot = column;
        for (int row = column + 1; row < SIZE; row++)
            if ((a[row][column] < 0 ? -a[row][column] : a[row][column]) >
                (a[pivot][column] < 0 ? -a[pivot][column] : a[pivot][column]))
                pivot = row;
        if (pivot != column) {
            for (int k = 0; k < SIZE; k++) {
                double kept = a[column][k];
                a[column][k] = a[pivot][k];
                a[pivot][k] = kept;
            }
            double kept = b[column];
            b[column] = b[pivot];
            b[pivot] = kept;
            determinant = -determinant;
        }
        determinant *= a[column][column];
        for (int row = column + 1; row < SIZE; row++) {
            double factor = a[row][column] / a[column][column];
            for (int k = column; k < SIZE; k++)
                a[row][k] -= factor * a[column][k];
            b[row] -= factor * b[column];
        }
    }
    for (int row = SIZE - 1; row >= 0; row--) {
        for (int k = row + 1; k < SIZE; k++)
            b[row] -= a[row][k] * b[k];
        b[row] /= a[row][row];
    }
    return determinant;
}

static void run_matrix(void)
{
    double a[SIZE][SIZE], b[SIZE], largest = 0;

    seed(3);
    for (int i = 0; i < SIZE; i++) {
        double sum = 0;
        for (int j = 0; j < SIZE; j++) {
            a[i][j] = (double)(draw() % 19) - 9 + (i == j ? 20 : 0);
            sum += a[i][j] * (j + 1);
        }
        b[i] = sum; /* so that the solution is 1, 2, 3 ... */
    }
    double determinant = solve(a, b);
    for (int i = 0; i < SIZE; i++) {
        double error = b[i] - (i + 1);
        largest = error > largest ? error : -error > largest ? -error : largest;
    }
    printf("matrix: fibonacci(10^12) mod 10^9+7 = %llu, determinant %.9g, solved %s\n",
           (unsigned long long)fibonacci(1000000000000ull, 1000000007), determinant,
           largest < 1e-9 ? "exactly enough" : "badly");
}

/* ---- Compression: LZ77 with a hash of three bytes; literals and (distance, length) in bytes. ---- */

enum { WINDOW = 4096, SHORTEST = 3, LONGEST = 130, BUCKETS = 1024, UNSEEN = -1 };

static uint32_t bucket_of(const unsigned char *at)
{
    return ((at[0] << 6 ^ at[1] << 3 ^ at[2]) * 2654435761u) >> 22;
}

/* 0x00-0x7F: so many literals and one more follow; 0x80-0xFF: a copy of SHORTEST and so many bytes more,
   from a distance that two bytes tell. */
static size_t compress(const unsigned char *from, size_t size, unsigned char *to)
{
    static int newest[BUCKETS];
    size_t written = 0, literals = 0, place = 0;

    for (int i = 0; i < BUCKETS; i++)
        newest[i] = UNSEEN;
    while (place < size) {
        size_t length = 0, distance = 0;
        if (place + SHORTEST <= size) {
            int *slot_of = &newest[bucket_of(from + place)];
            if (*slot_of != UNSEEN && place - (size_t)*slot_of <= WINDOW) {
                distance = place - (size_t)*slot_of;
                while (length < LONGEST && place + length < size &&
                       from[place + length] == from[place + length - distance])
                    length++;
            }
            *slot_of = (int)place;
        }
        if (length >= SHORTEST) {
            to[written++] = (unsigned char)(0x80 | (length - SHORTEST));
            to[written++] = (unsigned char)(distance & 0xFF);
            to[written++] = (unsigned char)(distance >> 8);
            place += length;
            literals = 0;
        } else {
            if (literals == 0 || literals == 128) {
                literals = 0;
                to[written++] = 0;
            }
            to[written - literals - 1] = (unsigned char)literals;
            to[written++] = from[place++];
            literals++;
        }
    }
    return written;
}

static size_t expand(const unsigned char *from, size_t size, unsigned char *to)
{
    size_t written = 0;

    for (size_t place = 0; place < size;) {
        unsigned char tag = from[place++];
        if (tag < 0x80) {
            memcpy(to + written, from + place, tag + 1u);
            written += tag + 1u;
            place += tag + 1u;
        } else {
            size_t length = (tag & 0x7Fu) + SHORTEST, distance = from[place] | from[place + 1] << 8;
            place += 2;
            for (; length > 0; length--, written++)
                to[written] = to[written - distance];
        }
    }
    return written;
}

static void run_lz(void)
{
    static const char *const words[] = { "lock ", "thread ", "wait ", "the ", "hart ", "event ", "log, ", "\n" };
    enum { TEXT = 4000 };
    unsigned char *text = allocate(TEXT + 16), *packed = allocate(2 * TEXT), *back = allocate(TEXT + 16);
    size_t size = 0;

    seed(11);
    while (size < TEXT) {
        const char *word = words[draw() % 8];
        memcpy(text + size, word, strlen(word));
        size += strlen(word);
    }
    size_t small = compress(text, size, packed), restored = expand(packed, small, back);
    printf("lz: %zu bytes packed into %zu (crc %08x), restored %s\n", size, small, crc32(packed, small),
           restored == size && memcmp(text, back, size) == 0 ? "whole" : "wrongly");
    free(text);
    free(packed);
    free(back);
}

/* ---- A balanced tree: a treap, whose priorities are random. ---- */

struct node {
    int key;
    uint32_t priority;
    struct node *child[2];
};

static struct node *rotate(struct node *node, int side)
{
    struct node *up = node->child[side];

    node->child[side] = up->child[!side];
    up->child[!side] = node;
    return up;
}

static struct node *insert(struct node *node, int key)
{
    if (!node) {
        node = allocate(sizeof *node);
        *node = (struct node){ key, draw(), { NULL, NULL } };
    } else if (key != node->key) {
        int side = key > node->key;
        node->child[side] = insert(node->child[side], key);
        if (node->child[side]->priority > node->priority)
            node = rotate(node, side);
    }
    return node;
}

static int depth(const struct node *node)
{
    if (!node)
        return 0;
    int left = depth(node->child[0]), right = depth(node->child[1]);
    return 1 + (left > right ? left : right);
}

/* In order: how many, and a hash of the keys; frees the tree. */
static int consume(struct node *node, uint32_t *hash)
{
    if (!node)
        return 0;
    int count = consume(node->child[0], hash);
    *hash = *hash * 31 + (uint32_t)node->key;
    count += 1 + consume(node->child[1], hash);
    free(node);
    return count;
}

static void run_tree(void)
{
    struct node *root = NULL;
    uint32_t hash = 0;

    seed(5);
    for (int i = 0; i < 400; i++)
        root = insert(root, i * 7919 % 1009);
    int levels = depth(root), count = consume(root, &hash);
    printf("tree: %d keys on %d levels, hash %08x\n", count, levels, hash);
}

/* ---- Search: queens by bits, shortest paths by Dijkstra, words by Knuth, Morris and Pratt. ---- */

static int queens(int size, unsigned columns, unsigned down, unsigned up)
{
    unsigned all = (1u << size) - 1, free_places = all & ~(columns | down | up);
    int found = columns == all;

    while (free_places) {
        unsigned place = free_places & -free_places;
        free_places ^= place;
        found += queens(size, columns | place, (down | place) << 1, (up | place) >> 1);
    }
    return found;
}

enum { PLACES = 40, FAR = 1 << 30 };

static int shortest_path(int from, int to)
{
    static int roads[PLACES][PLACES];
    int distance[PLACES], done[PLACES] = { 0 };

    for (int a = 0; a < PLACES; a++) {
        distance[a] = FAR;
        for (int b = 0; b < PLACES; b++)
            roads[a][b] = draw() % 8 == 0 ? 1 + (int)(draw() % 100) : FAR;
    }
    distance[from] = 0;
    for (;;) {
        int nearest = -1;
        for (int a = 0; a < PLACES; a++)
            if (!done[a] && (nearest < 0 || distance[a] < distance[nearest]))
                nearest = a;
        if (nearest < 0 || nearest == to || distance[nearest] == FAR)
            return distance[to] == FAR ? -1 : distance[to];
        done[nearest] = 1;
        for (int b = 0; b < PLACES; b++)
            if (roads[nearest][b] != FAR && distance[nearest] + roads[nearest][b] < distance[b])
                distance[b] = distance[nearest] + roads[nearest][b];
    }
}

static int occurrences(const char *text, const char *word)
{
    int back[32] = { 0 }, length = (int)strlen(word), matched = 0, found = 0;

    for (int i = 1; i < length; i++) {
        while (matched && word[i] != word[matched])
            matched = back[matched - 1];
        back[i] = matched += word[i] == word[matched];
    }
    matched = 0;
    for (; *text; text++) {
        while (matched && *text != word[matched])
            matched = back[matched - 1];
        if (*text == word[matched] && ++matched == length) {
            found++;
            matched = back[matched - 1];
        }
    }
    return found;
}

static void run_search(void)
{
    char text[1001];
    long roads = 0;

    seed(13);
    for (int i = 0; i < 1000; i++)
        text[i] = "ab"[draw() % 2];
    text[1000] = '\0';
    for (int i = 1; i <= 5; i++)
        roads += shortest_path(0, 7 * i);
    printf("search: %d ways for 7 queens, roads of %ld, abab %d times\n", queens(7, 0, 0, 0), roads,
           occurrences(text, "abab"));
}

/* ---- Numbers: primes by a sieve, a factorial in base 10^9, a square root by Newton. ---- */

enum { LIMIT = 5000, DIGITS = 24, BASE = 1000000000 };

static int count_primes(void)
{
    static unsigned char composite[LIMIT];
    int count = 0;

    for (int n = 2; n < LIMIT; n++) {
        if (composite[n])
            continue;
        count++;
        for (int multiple = n * n; multiple < LIMIT; multiple += n)
            composite[multiple] = 1;
    }
    return count;
}

static void print_factorial(int n)
{
    uint32_t digits[DIGITS] = { 1 };
    int used = 1;

    for (int factor = 2; factor <= n; factor++) {
        uint64_t carry = 0;
        for (int i = 0; i < used; i++) {
            carry += (uint64_t)digits[i] * (uint32_t)factor;
            digits[i] = (uint32_t)(carry % BASE);
            carry /= BASE;
        }
        if (carry)
            digits[used++] = (uint32_t)carry;
    }
    printf("%d! = %u", n, digits[used - 1]);
    for (int i = used - 2; i >= 0; i--)
        printf("%09u", digits[i]);
}

static double square_root(double x)
{
    double guess = x > 1 ? x : 1;

    for (int i = 0; i < 60; i++)
        guess = (guess + x / guess) / 2;
    return guess;
}

static void run_numbers(void)
{
    printf("numbers: %d primes below %d, ", count_primes(), LIMIT);
    print_factorial(50);
    printf(", sqrt(2) = %.15f\n", square_root(2));
}

/* ---- Which of them to run. ---- */

static const struct {
    const char *name;
    void (*run)(void);
} parts[] = {
    { "checksums", run_checksums }, { "sort", run_sort }, { "hash", run_hash },
    { "matrix", run_matrix },       { "lz", run_lz },     { "tree", run_tree },
    { "search", run_search },       { "numbers", run_numbers },
};

int main(int argc, char **argv)
{
    int unknown = argc > 1;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        int wanted = argc == 1;
        for (int a = 1; a < argc; a++)
            wanted |= strcmp(argv[a], parts[i].name) == 0;
        if (wanted) {
            parts[i].run();
            unknown = 0;
        }
    }
    if (unknown)
        fprintf(stderr, "compute: there is no part called %s\n", argv[1]);
    return unknown;
}
