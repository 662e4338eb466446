import Foundation
import GraftAPI

extension GraftService {
    /// What is wrong with the state, looked at while it is used. Nothing is changed.
    package func examine() async -> Examination {
        let doctor = StateDoctor(state: configuration.state, inUse: true)
        // A thread of its own: it waits for the disk, and adds up all samples.
        return await withCheckedContinuation { continuation in
            let thread = Thread { continuation.resume(returning: doctor.examine()) }
            thread.name = "doctor"
            // BLAS keeps more on the stack than most threads have.
            thread.stackSize = 8 << 20
            thread.start()
        }
    }
}

extension Examination {
    /// As JSON, as the API gives it.
    package func json() throws -> String { String(decoding: try APICoding.encoder().encode(self), as: UTF8.self) }
}
