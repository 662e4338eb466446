import Glibc

/// What this process may use, and what it gives others to see.
enum ProcessLimits {
    /// Descriptors beside connections: the database, weights, the trainer's pipes, files that are being written.
    private static let spareDescriptors = 200

    /// Makes what is written from now on readable for this user alone: samples, labels and weights are nobody else's.
    static func keepFilesPrivate() { umask(0o077) }

    /// Raises the limit of open descriptors so that `connections` fit.
    ///
    /// - Returns: how many connections fit, where the limit cannot be raised as far; else `connections`.
    static func openDescriptors(for connections: Int) -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return connections }
        let needed = rlim_t(connections + spareDescriptors)
        if limit.rlim_cur < needed {
            limit.rlim_cur = min(needed, limit.rlim_max)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        return min(connections, max(1, Int(clamping: limit.rlim_cur) - spareDescriptors))
    }
}
