import Foundation
import Glibc

/// What the system says of this process, under the names that every Prometheus client uses.
struct ProcessMetrics {
    let processorSeconds: Double
    let startSeconds: Double
    let virtualBytes: Double
    let residentBytes: Double
    let threads: Double
    let openDescriptors: Double
    /// Nil for no limit.
    let descriptorLimit: Double?

    /// Nil where /proc does not say (proc(5)).
    init?() {
        // The second field, the name, is the one that may hold spaces; it ends with the last parenthesis.
        guard let text = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
            let nameEnd = text.lastIndex(of: ")"),
            let boot = try? String(contentsOfFile: "/proc/stat", encoding: .utf8).split(separator: "\n")
                .first(where: { $0.hasPrefix("btime ") })?.split(separator: " ").last.flatMap({ Double($0) }),
            let descriptors = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
        else { return nil }
        let fields = text[nameEnd...].split(separator: " ").dropFirst().map { Double($0) ?? 0 }
        guard fields.count > 21 else { return nil }
        // Field N of proc(5) is here N - 3.
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        processorSeconds = (fields[11] + fields[12]) / ticks
        threads = fields[17]
        startSeconds = boot + fields[19] / ticks
        virtualBytes = fields[20]
        residentBytes = fields[21] * Double(sysconf(Int32(_SC_PAGESIZE)))
        // One of them is the folder that was read.
        openDescriptors = Double(descriptors.count - 1)
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        descriptorLimit = limit.rlim_cur == UInt64.max ? nil : Double(limit.rlim_cur)
    }
}

extension MetricsText {
    mutating func write(_ process: ProcessMetrics) {
        counter("process_cpu_seconds_total", help: "Processor time, user and system.", process.processorSeconds)
        gauge("process_start_time_seconds", help: "When the process began, since 1970.", process.startSeconds)
        gauge("process_virtual_memory_bytes", help: "Address space.", process.virtualBytes)
        gauge("process_resident_memory_bytes", help: "Resident memory.", process.residentBytes)
        gauge("process_threads", help: "Threads.", process.threads)
        gauge("process_open_fds", help: "Open file descriptors.", process.openDescriptors)
        gauge("process_max_fds", help: "The most file descriptors that may be open.", process.descriptorLimit)
    }
}
