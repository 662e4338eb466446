// libsystemd: notification, inherited descriptors, watchdog, journal.

#ifndef CSYSTEMD_SHIM_H
#define CSYSTEMD_SHIM_H

// The macros would name this file as the place of every message; ours are given as fields.
#define SD_JOURNAL_SUPPRESS_LOCATION

#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

#endif
