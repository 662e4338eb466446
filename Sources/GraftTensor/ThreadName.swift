import Foundation

extension Thread {
    /// Gives the calling thread a name where the system shows it, as in `top -H`, at most 15 bytes of it.
    ///
    /// What `name` is set to stays in this process.
    package static func setSystemName(_ name: String) {
        try? Data(name.utf8.prefix(15)).write(to: URL(filePath: "/proc/thread-self/comm"))
    }
}
