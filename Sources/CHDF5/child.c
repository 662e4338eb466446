#define _GNU_SOURCE
#include "CHDF5.h"
#include "reader.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/// Sets a limit, and the hard one that nothing can raise, unless the parent's is lower already.
static void limit(int resource, rlim_t amount, rlim_t hard) {
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0) _exit(1);
    if (hard < limit.rlim_max) limit.rlim_max = hard;
    limit.rlim_cur = amount < limit.rlim_max ? amount : limit.rlim_max;
    if (setrlimit(resource, &limit) != 0) _exit(1);
}

/// The bytes of address space in use: what the parent had mapped counts for its child too.
static uint64_t address_space(void) {
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file || fscanf(file, "%lu", &pages) != 1) _exit(1);
    fclose(file);
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/// Leaves this process nothing to do harm with: it is a child whose other threads are gone.
static void confine(int pipe, const graft_hdf5_limits *limits) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    // A crash shall end the process, not start the backtrace that Swift's runtime may have asked for.
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);

    uint64_t memory = address_space() + limits->memory;
    limit(RLIMIT_AS, memory, memory);
    // The soft one ends the process by a signal that tells why.
    limit(RLIMIT_CPU, limits->seconds, limits->seconds + 1);
    limit(RLIMIT_CORE, 0, 0);
    limit(RLIMIT_FSIZE, 0, 0);
    alarm((unsigned)(6 * limits->seconds));

    // The last: nothing can be opened after it. Kernels before 5.9 leave open what the parent had open.
    if (pipe > 0) close_range(0, (unsigned)pipe - 1, 0);
    close_range((unsigned)pipe + 1, ~0U, 0);
    limit(RLIMIT_NOFILE, 0, 0);
}

int graft_hdf5_start(
    const uint8_t *bytes, size_t count, const graft_hdf5_limits *limits, int wants_elements, graft_hdf5_child *child) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    pid_t process = fork();
    if (process < 0) {
        int code = errno;
        close(ends[0]);
        close(ends[1]);
        return code;
    }
    if (process == 0) {
        confine(ends[1], limits);
        graft_hdf5_send(bytes, count, limits, wants_elements, ends[1]);
        _exit(0);
    }
    close(ends[1]);
    *child = (graft_hdf5_child){process, ends[0]};
    return 0;
}

int graft_hdf5_wait(pid_t process) {
    int status = 0;
    while (waitpid(process, &status, 0) < 0) {
        if (errno != EINTR) return 0;
    }
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}
