import AsyncHTTPClient
import Glibc
import NIOCore

extension GraftClient {
    /// What an error of the transport means for the caller.
    func translated(_ error: any Error, timeout: Duration) -> ClientError {
        switch error {
        case let error as ClientError:
            return error
        case is CancellationError:
            return .cancelled
        case let error as IOError:
            return translated(errno: error.errnoCode, detail: error.description)
        case let error as HTTPClientError:
            return translated(error, timeout: timeout)
        case is NIOTooManyBytesError:
            return .interrupted(detail: "it is larger than any of the API's")
        default:
            return .interrupted(detail: "\(error)")
        }
    }

    private func translated(_ error: HTTPClientError, timeout: Duration) -> ClientError {
        switch error {
        case .cancelled:
            .cancelled
        case .deadlineExceeded, .connectTimeout, .getConnectionFromPoolTimeout, .readTimeout, .writeTimeout:
            .timedOut(seconds: Int(timeout.components.seconds))
        default:
            .interrupted(detail: error.shortDescription)
        }
    }

    private func translated(errno: CInt, detail: String) -> ClientError {
        switch errno {
        // A folder or link that is missing, a file that is no socket, a socket that no process holds any more.
        case ENOENT, ENOTDIR, ECONNREFUSED: .noDaemon(socket: socket)
        case EACCES, EPERM: .notPermitted(socket: socket)
        default: .interrupted(detail: detail)
        }
    }
}
