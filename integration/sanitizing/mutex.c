// ThreadSanitizer sees what a program's own code does to a Mutex of Swift's Synchronization: the quick way in and out is compiled into
// it. Where threads contend, the library does the rest, and that is not instrumented: every contended lock looks like a race. This says of
// the two slow ways what the quick ones show by themselves. It is loaded before the library (LD_PRELOAD), for tests alone.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))

// Not there in programs that are not instrumented.
extern void __tsan_acquire(void *) __attribute__((weak));
extern void __tsan_release(void *) __attribute__((weak));

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

typedef SWIFT void Lock(uint32_t thread, SELF void *handle);
typedef SWIFT void Unlock(SELF void *handle);

static void *original(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) abort();
    return found;
}

SWIFT void waxwing_lock(uint32_t thread, SELF void *handle) __asm__(LOCK);
SWIFT void waxwing_lock(uint32_t thread, SELF void *handle) {
    static Lock *lock;
    if (!lock) lock = (Lock *)original(LOCK);
    lock(thread, handle);
    if (__tsan_acquire) __tsan_acquire(handle);
}

SWIFT void waxwing_unlock(SELF void *handle) __asm__(UNLOCK);
SWIFT void waxwing_unlock(SELF void *handle) {
    static Unlock *unlock;
    if (!unlock) unlock = (Unlock *)original(UNLOCK);
    if (__tsan_release) __tsan_release(handle);
    unlock(handle);
}
