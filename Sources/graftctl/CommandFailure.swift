import Foundation
import GraftClient

/// How the process ends; `graftctl --help` lists the same. Usage errors end with 64, by ArgumentParser.
enum ExitStatus: Int32 {
    case failure = 1
    case noDaemon = 3
    case notPermitted = 4
    case notPublished = 5
    /// `EX_CONFIG` of sysexits.h, as of graftd.
    case configuration = 78
}

/// Ends a command with one line on standard error and an exit status.
struct CommandFailure: Error {
    var message: String
    var status: ExitStatus

    init(_ message: String, status: ExitStatus = .failure) {
        self.message = message
        self.status = status
    }

    init(_ error: ClientError) {
        message = error.description
        status =
            switch error {
            case .noDaemon, .socketPathTooLong: .noDaemon
            case .notPermitted: .notPermitted
            case .problem(let problem) where problem.status == 403: .notPermitted
            default: .failure
            }
    }

    func end() -> Never {
        Terminal.complain("graftctl: \(message.printable)")
        exit(status.rawValue)
    }
}
