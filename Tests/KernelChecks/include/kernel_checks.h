#ifndef KERNEL_CHECKS_H
#define KERNEL_CHECKS_H

#include <stddef.h>

#include "kernels.h"

/// How many operations there are, and their names.
int kernel_checks_count(void);
const char *kernel_checks_name(int index);

/// Compares one operation of an instruction set with plain loops in 64-bit, and with itself, split in other ways.
///
/// Returns how many checks failed, or -1 if nothing was checked: `isa` is not this CPU's, or `operation` not one of
/// ours. `report` becomes text that says what was checked, and the first failures, cut to `report_size` bytes.
int kernel_checks_run(graft_isa isa, const char *operation, char *report, size_t report_size);

#endif
