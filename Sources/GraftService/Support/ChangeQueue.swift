/// Lets one change at a time through, across suspensions.
///
/// An actor alone does not: while one of its methods waits for the disk, another may begin. A change to what has been
/// learned must reach the disk, the statistics and the live model before the next one starts, or a revision would name
/// two states.
struct ChangeQueue {
    private var isBusy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// Takes the turn if it is free; if not, ``wait(_:)`` and try again.
    mutating func tryEnter() -> Bool {
        guard !isBusy else { return false }
        isBusy = true
        return true
    }

    mutating func wait(_ continuation: CheckedContinuation<Void, Never>) { waiting.append(continuation) }

    /// Frees the turn and wakes who waited longest.
    mutating func leave() {
        isBusy = false
        if !waiting.isEmpty { waiting.removeFirst().resume() }
    }
}
