import Foundation
import Yams

extension Configuration {
    /// What is in the YAML file at `path` and can be no setting: a key that there is not, or a value of many parts. Without
    /// it, a misspelt key would be left out without a word.
    ///
    /// - Throws: where the file cannot be read, or is no YAML.
    static func problemsOfKeys(in path: String) throws -> [ConfigurationProblem] {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        guard let root = try Yams.compose(yaml: text), !(root.scalar?.string ?? "-").isEmpty else { return [] }
        guard let mapping = root.mapping else {
            return [ConfigurationProblem(key: "config", value: path, expected: "lines of the form 'key: value'")]
        }
        let known = Set(settings.map(\.key))
        return mapping.compactMap { key, value in
            let name = key.string ?? "?"
            let line = key.mark.map { " (line \($0.line))" } ?? ""
            guard known.contains(name) else {
                return ConfigurationProblem(
                    key: name + line, value: value.string ?? "a list or mapping",
                    expected: "one of the keys of graftd.yaml(5)" + (nearest(to: name).map { ", perhaps \($0)" } ?? ""))
            }
            guard value.scalar == nil else { return nil }
            return ConfigurationProblem(key: name + line, value: "a list or mapping", expected: "one value")
        }
    }

    /// The key that is most like `name`, if one is like it.
    private static func nearest(to name: String) -> String? {
        func plain(_ key: String) -> [Character] { key.lowercased().filter { $0.isLetter } }
        let wanted = plain(name)
        let distances = settings.map { (key: $0.key, distance: editDistance(plain($0.key), wanted)) }
        return distances.min { $0.distance < $1.distance }.flatMap { $0.distance <= 2 ? $0.key : nil }
    }

    /// How many letters must be changed, added or left out to get from one to the other (Levenshtein 1966).
    private static func editDistance(_ left: [Character], _ right: [Character]) -> Int {
        var row = Array(0...right.count)
        for (i, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for j in right.indices {
                let changed = diagonal + (letter == right[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(changed, row[j] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
