import Foundation
import GRDB
import Glibc

/// Takes latents away, and nothing else, where they have reached their limit or the disk is nearly full.
///
/// The label with the most latents loses first, and within it the samples that another one resembles most. It takes more at
/// once than is needed, because choosing costs about the same for one as for hundreds: with 100,000 latents some tenths of
/// a second.
struct Eviction {
    private let db: Database
    private let folder: String
    private let byteLimit: Int

    /// Of ``byteLimit`` or of what there is, this part goes at once.
    private static let share = 256
    /// Free space that latents leave to everything else: this part of the disk, but no more than ``mostReserve``.
    private static let reserveShare = 8
    private static let mostReserve = 256 << 20
    /// More does not go in one transaction, whose write-ahead log is as large: a limit that was lowered by much is reached
    /// step by step.
    private static let mostAtOnce = 64 << 20

    init(_ db: Database, folder: String, byteLimit: Int) {
        (self.db, self.folder, self.byteLimit) = (db, folder, byteLimit)
    }

    /// Evicts what has to go so that `newBytes` of latents, or other samples, find room: nothing, most of the time.
    ///
    /// - Returns: whether the disk has room for these latents; where it has none, samples are kept without, and may use the
    ///   reserve up.
    func makeRoom(for newBytes: Int) throws -> Bool {
        let held = try Store.setting("latent_bytes", db)
        guard held > 0 || newBytes > 0 else { return true }
        let lack = try lackOfSpace(for: newBytes)
        let excess = max(held + newBytes - byteLimit, lack)
        guard held > 0, excess > 0 else { return lack <= 0 }
        try evict(bytes: min(held, max(excess, min(byteLimit, held) / Self.share), Self.mostAtOnce))
        return try lackOfSpace(for: newBytes) <= 0
    }

    /// By how many bytes the disk has less than its reserve; at most 0 where it has more.
    private func lackOfSpace(for newBytes: Int) throws -> Int {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return 0 }
        let block = Int(status.f_frsize)
        let reserve = min(Self.mostReserve, Int(status.f_blocks) * block / Self.reserveShare)
        // What was evicted stays in the file as pages that are used again.
        let pages = try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
        let free = Int(status.f_bavail) * block + pages * (try Int.fetchOne(db, sql: "PRAGMA page_size") ?? 0)
        return reserve + newBytes - free
    }

    private func evict(bytes: Int) throws {
        var left = bytes - (try evictOfOtherBackbones())
        while left > 0 {
            let counts = try Row.fetchAll(
                db,
                sql: """
                    SELECT label, count(*) AS latents FROM samples JOIN latents ON latents.sample = samples.sequence
                    GROUP BY label
                    """
            ).map { (label: $0["label"] as Int64, latents: $0["latents"] as Int) }
            let latents = counts.reduce(0) { $0 + $1.latents }
            guard latents > 0 else { return }
            let average = max(1, try Store.setting("latent_bytes", db) / latents)
            let wanted = min(latents, (left + average - 1) / average)
            for (label, count) in Self.shares(of: wanted, counts: counts) {
                left -= try evict(count, of: label)
            }
        }
    }

    /// Those of samples whose features are of a backbone that is not loaded: nothing is trained on them now.
    private func evictOfOtherBackbones() throws -> Int {
        try delete(
            Int64.fetchAll(
                db,
                sql: """
                    SELECT latents.sample FROM samples JOIN latents ON latents.sample = samples.sequence
                    WHERE samples.fingerprint <> (SELECT value FROM settings WHERE key = 'backbone')
                    """))
    }

    /// How many of `total` each label loses, so that those with the most end nearly level.
    ///
    /// Nearly, because whatever a label loses costs a look at the whole label: a label that loses any loses about a twelfth
    /// of what the largest has.
    static func shares(of total: Int, counts: [(label: Int64, latents: Int)]) -> [(label: Int64, latents: Int)] {
        let largestFirst = counts.sorted { ($1.latents, $0.label) < ($0.latents, $1.label) }
        let most = largestFirst.first?.latents ?? 0
        var (level, shares) = (most, [(label: Int64, latents: Int)]())
        var tooMuch = -total
        while tooMuch < 0, level > 0 {
            level = max(0, level - max(1, most / 12))
            shares = largestFirst.filter { $0.latents > level }.map { ($0.label, $0.latents - level) }
            tooMuch = shares.reduce(-total) { $0 + $1.latents }
        }
        // The last step may have been too long: the smaller ones lose so much less.
        for index in shares.indices.reversed() where tooMuch > 0 {
            let back = min(shares[index].latents, tooMuch)
            shares[index].latents -= back
            tooMuch -= back
        }
        return shares.filter { $0.latents > 0 }
    }

    /// Evicts `count` latents of `label`, near-duplicates first, and returns their bytes.
    private func evict(_ count: Int, of label: Int64) throws -> Int {
        var freed = 0
        var left = count
        while left > 0 {
            let latents = try Int.fetchOne(db, sql: "SELECT count(*) " + Self.ofLabel, arguments: [label]) ?? 0
            guard latents > 0 else { return freed }
            // Samples that were taught one after the other, as bursts are, and from another place on every time.
            let places = max(1, latents - NearDuplicates.windowSize + 1)
            let rows = try Row.fetchAll(
                db,
                sql: "SELECT sequence, features " + Self.ofLabel + " ORDER BY sequence LIMIT ? OFFSET ?",
                arguments: [
                    label, NearDuplicates.windowSize, try Store.setting("latents_evicted", db) * 7919 % places,
                ])
            let window = NearDuplicates(rows.map { [Int16](littleEndian: $0["features"]) })
            let chosen = window.mostLike(min(left, rows.count)).map { rows[$0]["sequence"] as Int64 }
            freed += try delete(chosen)
            left -= chosen.count
        }
        return freed
    }

    private static let ofLabel = """
        FROM samples WHERE label = ? AND EXISTS (SELECT 1 FROM latents WHERE sample = samples.sequence)
        """

    /// Deletes the latents of `samples` and returns their bytes.
    private func delete(_ samples: [Int64]) throws -> Int {
        let before = try Store.setting("latent_bytes", db)
        for sample in samples { try db.execute(sql: "DELETE FROM latents WHERE sample = ?", arguments: [sample]) }
        try db.execute(
            sql: "UPDATE settings SET value = value + ? WHERE key = 'latents_evicted'", arguments: [samples.count])
        return before - (try Store.setting("latent_bytes", db))
    }
}
