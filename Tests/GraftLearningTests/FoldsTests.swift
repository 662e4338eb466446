import GraftLearning
import Testing

@Suite struct FoldsTests {
    /// From an independent implementation in Python of FNV-1a and SplitMix64's finaliser; these must never change, because
    /// a sample that changes its fold has been seen by the heads that judge it.
    @Test(arguments: FoldsTests.recorded)
    func foldIsFixedForLife(group: String, fold: Int) {
        #expect(Folds.fold(ofGroup: group) == fold)
    }

    @Test func foldsAreAboutEvenlyFilled() {
        var counts = [Int](repeating: 0, count: Folds.count)
        for group in 0..<5000 { counts[Folds.fold(ofGroup: "group-\(group)")] += 1 }
        // 1000 each, with a standard deviation of 28: five of them.
        #expect(counts.allSatisfy { abs($0 - 1000) < 141 })
    }

    static let recorded: [(String, Int)] = [
        ("", 3),
        ("a", 1),
        ("burst-17", 1),
        ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 3),
        ("käfer", 4),
        ("group/with/slashes", 2),
    ]
}
