#ifndef GRAFT_PAUSE_H
#define GRAFT_PAUSE_H

/// Tells the CPU that the thread waits in a loop for another one.
static inline void graft_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");
#endif
}

#endif
