/*
 * Counts what a program asks of the heap, while it runs, for somebody else to read. Loaded by LD_PRELOAD (allocations.py).
 *
 * $ALLOCATIONS names a file of SLOTS cache lines that is there already; each thread adds to a line of its own, as long as there are any,
 * and the sum over all lines is the count. Nothing is printed and nothing waits, so the program does what it does without it. What frees
 * is not counted, and not replaced: all memory still comes from glibc, by the names it keeps for such libraries.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

#define SLOTS 1024

struct slot {
    _Atomic uint64_t calls, octets;
    uint64_t rest[6];
};

/* Until the file is mapped, and where there is none: counted for nobody. */
static struct slot nowhere[1];
static struct slot *slots = nowhere;
static uint32_t slot_count = 1;
static _Atomic uint32_t threads;

/* "initial-exec": any other kind of thread variable may itself allocate. */
static __thread uint32_t own __attribute__((tls_model("initial-exec")));

static inline void count(size_t octets)
{
    if (own == 0)
        own = atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed) + 1;
    /* More threads than slots share them, which is why the additions are atomic. */
    struct slot *slot = &slots[own % slot_count];
    atomic_fetch_add_explicit(&slot->calls, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&slot->octets, octets, memory_order_relaxed);
}

__attribute__((constructor)) static void publish(void)
{
    const char *path = getenv("ALLOCATIONS");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    struct stat facts;
    if (fstat(file, &facts) == 0 && facts.st_size >= (off_t)(SLOTS * sizeof(struct slot))) {
        void *shared = mmap(NULL, SLOTS * sizeof(struct slot), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (shared != MAP_FAILED) {
            slots = shared;
            slot_count = SLOTS;
        }
    }
    close(file);
}

void *malloc(size_t size)
{
    count(size);
    return __libc_malloc(size);
}

void *calloc(size_t count_of, size_t size)
{
    /* Where the product is too large glibc refuses it; what was counted then is of no interest. */
    count(count_of * size);
    return __libc_calloc(count_of, size);
}

void *realloc(void *old, size_t size)
{
    count(size);
    return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size)
{
    count(size);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    count(size);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **place, size_t alignment, size_t size)
{
    if (alignment % sizeof(void *) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0)
        return EINVAL;
    count(size);
    /* Its answer is its result, not errno. */
    int before = errno;
    void *made = __libc_memalign(alignment, size);
    errno = before;
    if (made == NULL)
        return ENOMEM;
    *place = made;
    return 0;
}
