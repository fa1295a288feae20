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
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>
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

// Where a crash is noted: two words of a mapped file, the signal and the thread. Read by the handler, so neither lazy nor locked.
static inline volatile uint32_t **waxwing_crash_note(void) {
    static volatile uint32_t *note;
    return &note;
}

static inline void waxwing_note_crash(int number) {
    volatile uint32_t *note = *waxwing_crash_note();
    if (note != 0 && note[0] == 0) {
        note[1] = (uint32_t)syscall(SYS_gettid);
        note[0] = (uint32_t)number;
    }
    // SA_RESETHAND and SA_NODEFER: this one kills, as it would have without us.
    raise(number);
}

// Notes the signal that ends this process by a fault of its own in `note`; a null pointer ends that. Not SIGKILL, which nobody can note.
static inline int waxwing_watch_crashes(uint32_t *note) {
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT, SIGFPE};
    struct sigaction action;
    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    action.sa_handler = note != 0 ? waxwing_note_crash : SIG_DFL;
    action.sa_flags = SA_RESETHAND | SA_NODEFER | SA_ONSTACK;
    *waxwing_crash_note() = note;
    for (unsigned place = 0; place < sizeof numbers / sizeof numbers[0]; place++) {
        if (sigaction(numbers[place], &action, 0) != 0) return errno;
    }
    return 0;
}

static inline uint32_t waxwing_thread_id(void) { return (uint32_t)syscall(SYS_gettid); }

// No core file, and no ptrace(2) by other processes of the same user.
static inline int waxwing_not_dumpable(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

// No program that is started from here on gains rights by its file (execve(2)).
static inline int waxwing_no_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }

#endif
