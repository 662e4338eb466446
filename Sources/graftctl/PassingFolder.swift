import Dispatch
import Foundation
import Glibc

/// Runs `body` with a new folder of ours alone in `parent`, which is removed afterwards with all in it: also where Ctrl-C or a
/// service manager ends the program meanwhile.
func withPassingFolder<Result>(
    in parent: URL, prefix: String, _ body: (URL) async throws -> Result
) async throws -> Result {
    let folder = parent.appending(path: "\(prefix)\(UUID().uuidString)")
    let sources = [SIGINT, SIGTERM].map { number in
        // Until it is heard there, it must not end the program before.
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler {
            try? FileManager.default.removeItem(at: folder)
            // As it would have ended without us.
            signal(number, SIG_DFL)
            kill(getpid(), number)
        }
        source.resume()
        return source
    }
    defer {
        for source in sources { source.cancel() }
        for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
        try? FileManager.default.removeItem(at: folder)
    }
    do {
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
        throw CommandFailure("cannot create '\(folder.path)': \(error.localizedDescription)")
    }
    return try await body(folder)
}
