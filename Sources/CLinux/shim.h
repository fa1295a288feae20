// Linux system calls that Glibc's module map leaves out or hides behind macros and variadics.
#ifndef WAXWING_CLINUX_SHIM_H
#define WAXWING_CLINUX_SHIM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

// With _GNU_SOURCE the member of fd_set has another name than in Swift's Glibc module, which is compiled without, and a file
// that imports both does not compile. So that one header is read as Glibc's module reads it.
#include <features.h>
#ifdef __USE_XOPEN
#undef __USE_XOPEN
#include <sys/select.h>
#define __USE_XOPEN 1
#endif

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

// The value of a thread key, read anew at each call. Not inlined, with a barrier: pthread_self and friends are declared
// const, so that an optimiser may keep their answer across a suspension, after which the task is on another thread.
static __attribute__((noinline, unused)) void *_Nullable waxwing_thread_value(pthread_key_t key) {
    __asm__ volatile("" ::: "memory");
    return pthread_getspecific(key);
}

// errno, for the same reason: __errno_location is declared const.
static __attribute__((noinline, unused)) int waxwing_errno(void) {
    __asm__ volatile("" ::: "memory");
    return errno;
}

// pidfd_open(2): Glibc has it from 2.36 only, the kernel from 5.3.
static inline int waxwing_pidfd_open(pid_t pid) {
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

// The handler that turns a signal into a byte in a socket. In C because a handler may call nothing of the Swift runtime.
static volatile int waxwing_signal_socket = -1;

static __attribute__((unused)) void waxwing_note_signal(int number) {
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    // A full socket loses the byte, and nothing with it: as many signals wait already as it holds.
    ssize_t ignored = send(waxwing_signal_socket, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)ignored;
    errno = saved;
}

// Sends the signal's number into the socket from now on (sa_handler is a macro, which Swift cannot import).
static __attribute__((noinline, unused)) int waxwing_catch_signal(int number, int socket) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = waxwing_note_signal;
    action.sa_flags = SA_RESTART;
    waxwing_signal_socket = socket;
    return sigaction(number, &action, 0);
}

// Gives the signal its default meaning (ignore = 0) or none at all.
static __attribute__((noinline, unused)) int waxwing_reset_signal(int number, int ignore) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = ignore ? SIG_IGN : SIG_DFL;
    return sigaction(number, &action, 0);
}

// Gives memory that is free back to the kernel, from all arenas (malloc_trim(3)): the C library keeps what a crowd of
// connections used. 1 where some was given back.
int malloc_trim(size_t pad);
static __attribute__((noinline, unused)) int waxwing_trim_memory(void) {
    return malloc_trim(0);
}

// Crashes: what ends this process by a fault of its own is noted. Not SIGKILL, which nobody can note.
//
// The statics of these functions exist once for each object file that uses them, as all that is `static` in a header does. So
// they mean one thing only while a single Swift file calls them: Store/Flight/InFlight.swift. A structure test holds that, as it
// does for waxwing_catch_signal.
//
// The signals of a fault: the one list, also for Swift (Net's FaultSignals).
enum { waxwing_fault_count = 6 };
static inline int waxwing_fault(int place) {
    static const int numbers[waxwing_fault_count] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT, SIGFPE};
    return numbers[place];
}

// Where a crash is noted: two words of memory, the signal and the thread; and the file that the memory around them goes to then. Read by the
// handler, so neither lazy nor locked. Memory of our own, and not a mapped file: a store to a page of a file waits for its disk where
// that is frozen, and is a fault itself where it is read-only.
struct waxwing_crash_record {
    volatile uint32_t *note;
    const void *memory;
    size_t size;
    int file;
};
static inline struct waxwing_crash_record *waxwing_crash_note(void) {
    static struct waxwing_crash_record record;
    return &record;
}

// Who was told of faults before us.
static inline struct sigaction *waxwing_earlier_actions(void) {
    static struct sigaction earlier[waxwing_fault_count];
    return earlier;
}

static inline void waxwing_note_crash(int number, siginfo_t *what, void *context) {
    const struct waxwing_crash_record *record = waxwing_crash_note();
    volatile uint32_t *note = record->note;
    if (note != 0 && note[0] == 0) {
        note[1] = (uint32_t)syscall(SYS_gettid);
        note[0] = (uint32_t)number;
        // Not synced: the process ends, not the machine. What is not written is not known at the next start, no more.
        ssize_t written = pwrite(record->file, record->memory, record->size, 0);
        (void)written;
    }
    // An earlier handler (Swift's backtracer where somebody has switched it on, a sanitizer) is called as it would have been
    // without us: its report is what a crash is mended by. Behind the note, since it may end the process, or hang.
    for (int place = 0; place < waxwing_fault_count; place++) {
        const struct sigaction *earlier = waxwing_earlier_actions() + place;
        if (waxwing_fault(place) != number) continue;
        if (earlier->sa_flags & SA_SIGINFO) {
            if (earlier->sa_sigaction != 0) earlier->sa_sigaction(number, what, context);
        } else if (earlier->sa_handler != SIG_DFL && earlier->sa_handler != SIG_IGN) {
            earlier->sa_handler(number);
        }
    }
    // SA_RESETHAND and SA_NODEFER: this one kills, as it would have without us.
    raise(number);
}

// Gives the signals back to who had them, if it is in `note` that crashes are noted.
static inline void waxwing_stop_watching_crashes(uint32_t *note) {
    if (note == 0 || waxwing_crash_note()->note != note) return;
    waxwing_crash_note()->note = 0;
    for (int place = 0; place < waxwing_fault_count; place++) {
        sigaction(waxwing_fault(place), waxwing_earlier_actions() + place, 0);
    }
}

// Notes the signal that ends this process in `note` from now on, and no longer anywhere else; then writes `memory`, which holds the note, to
// the start of `file`. 0, or an error number.
static inline int waxwing_watch_crashes(uint32_t *note, const void *memory, size_t size, int file) {
    waxwing_stop_watching_crashes((uint32_t *)waxwing_crash_note()->note);
    // Read first: a handler that runs already must not find half of it.
    for (int place = 0; place < waxwing_fault_count; place++) {
        if (sigaction(waxwing_fault(place), 0, waxwing_earlier_actions() + place) != 0) return errno;
    }
    struct sigaction action;
    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    action.sa_sigaction = waxwing_note_crash;
    action.sa_flags = SA_SIGINFO | SA_RESETHAND | SA_NODEFER | SA_ONSTACK;
    waxwing_crash_note()->memory = memory;
    waxwing_crash_note()->size = size;
    waxwing_crash_note()->file = file;
    waxwing_crash_note()->note = note;
    for (int place = 0; place < waxwing_fault_count; place++) {
        if (sigaction(waxwing_fault(place), &action, 0) != 0) {
            int error = errno;
            waxwing_stop_watching_crashes(note);
            return error;
        }
    }
    return 0;
}

// A thread that has used up its stack has no room there for a handler: it needs a second stack (sigaltstack(2)), and
// SA_ONSTACK means nothing without one. 64 KiB hold the largest frame of any processor, and an earlier handler besides. Ours.
enum { waxwing_signal_stack_size = 64 * 1024 };

// Gives this thread such a stack. Null where it has one already (a sanitizer's), or none is to be had. To be given back by the
// same thread before it ends.
static __attribute__((noinline, unused)) void *_Nullable waxwing_take_signal_stack(void) {
    stack_t stack;
    if (sigaltstack(0, &stack) != 0 || !(stack.ss_flags & SS_DISABLE)) return 0;
    size_t guard = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = guard + waxwing_signal_stack_size;
    char *area = (char *)mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (area == MAP_FAILED) return 0;
    memset(&stack, 0, sizeof stack);
    stack.ss_sp = area + guard;
    stack.ss_size = waxwing_signal_stack_size;
    // The lowest page is nobody's, so that what overflows this stack as well hits no memory of others.
    if (mprotect(area, guard, PROT_NONE) != 0 || sigaltstack(&stack, 0) != 0) {
        munmap(area, size);
        return 0;
    }
    return area;
}

// The end of what waxwing_take_signal_stack gave.
static __attribute__((noinline, unused)) void waxwing_give_back_signal_stack(void *_Nullable area) {
    if (area == 0) return;
    stack_t none;
    memset(&none, 0, sizeof none);
    none.ss_flags = SS_DISABLE;
    // Fails on the stack itself alone: then it is still in use.
    if (sigaltstack(&none, 0) == 0) munmap(area, (size_t)sysconf(_SC_PAGESIZE) + waxwing_signal_stack_size);
}

static inline uint32_t waxwing_thread_id(void) { return (uint32_t)syscall(SYS_gettid); }

// No core file, and no ptrace(2) by other processes of the same user.
static inline int waxwing_not_dumpable(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

// No program that is started from here on gains rights by its file (execve(2)).
static inline int waxwing_no_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }

#endif
