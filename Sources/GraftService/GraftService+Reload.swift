import GraftAPI

extension GraftService {
    /// Lets those settings of `next` hold that can change while the daemon runs; requests that have begun keep theirs.
    ///
    /// One caller at a time: two at once could each take over half.
    package func apply(_ next: Configuration) async -> Reloaded {
        var settings = self.settings.current
        let reloaded = settings.takeOver(next)
        self.settings.replace(by: settings)
        pool.queueLimit = settings.queueLimit
        await scheduler.followSettings()
        return reloaded
    }
}
