// Runs the checks of every instruction set that this CPU has.
//
// usage: kernel-checks [--verbose]

#include <stdio.h>
#include <string.h>

#include "kernel_checks.h"

int main(int count, char **arguments) {
    static const struct {
        const char *name;
        graft_isa isa;
    } sets[] = {
        {"scalar", graft_isa_scalar}, {"avx2", graft_isa_avx2}, {"avx512", graft_isa_avx512}, {"neon", graft_isa_neon}};
    const int verbose = count > 1 && !strcmp(arguments[1], "--verbose");
    int tested = 0, failed = 0;
    for (size_t s = 0; s < sizeof sets / sizeof sets[0]; s++) {
        if (!graft_kernels_for(sets[s].isa)) continue;
        int passed = 0;
        for (int i = 0; i < kernel_checks_count(); i++) {
            static char report[8192];
            const int failures = kernel_checks_run(sets[s].isa, kernel_checks_name(i), report, sizeof report);
            if (failures == 0) passed++;
            if (failures || verbose) printf("%s, %s:\n%s", sets[s].name, kernel_checks_name(i), report);
        }
        printf("%s: %d of %d operations passed\n", sets[s].name, passed, kernel_checks_count());
        tested++;
        failed += passed < kernel_checks_count();
    }
    if (!tested) printf("no instruction set was tested\n");
    return failed || !tested;
}
