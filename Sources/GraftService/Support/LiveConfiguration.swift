import Synchronization

/// The settings as they are now. What is read once for a piece of work stays the same for that piece.
final class LiveConfiguration: Sendable {
    private let settings: Mutex<Configuration>

    init(_ settings: Configuration) { self.settings = Mutex(settings) }

    var current: Configuration { settings.withLock { $0 } }

    func replace(by settings: Configuration) { self.settings.withLock { $0 = settings } }
}
