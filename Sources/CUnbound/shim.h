// libunbound as it is. Below it: what Swift cannot import, each with its reason.
#ifndef WAXWING_CUNBOUND_SHIM_H
#define WAXWING_CUNBOUND_SHIM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <signal.h>
#include <sys/prctl.h>
#include <unbound.h>
#include <unistd.h>

// prctl(2) is variadic. The process dies when the thread that made it dies.
static inline int shim_prctl_die_with_parent(void) {
    return prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0UL, 0UL, 0UL);
}

// prctl(2) is variadic. No set-uid program gives this process more than it has.
static inline int shim_prctl_no_new_privileges(void) {
    return prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL);
}

// prctl(2) is variadic. No core file, and no ptrace(2) by other processes of the same user.
static inline int shim_prctl_not_dumpable(void) {
    return prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL);
}

// close_range(2) sits behind _GNU_SOURCE, which Swift's Glibc module does not define.
static inline int shim_close_range(unsigned int first, unsigned int last) {
    return close_range(first, last, 0);
}

#endif
