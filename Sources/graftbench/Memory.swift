import ArgumentParser
import Foundation

/// What a loaded backbone costs in memory.
struct Memory: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints the memory of a process that has loaded a backbone and answered once.")

    @OptionGroup var network: NetworkOptions

    @Flag(help: "Print one line of JSON.")
    var json = false

    func run() throws {
        let backbone = try network.load()
        let workspaces = backbone.makeWorkspaces()
        _ = backbone.features(of: network.image(for: backbone), in: workspaces)
        let result = MemoryResult(
            arch: backbone.architecture.name, peer: "graftd", parameters: backbone.parameterCount,
            weights_bytes: backbone.byteCounts.weights, workspace_bytes: backbone.byteCounts.workspace,
            resident_bytes: processMemory("VmRSS"), peak_resident_bytes: processMemory("VmHWM"))
        if json { return print(String(decoding: try JSONEncoder.sorted.encode(result), as: UTF8.self)) }
        func megabytes(_ bytes: Int?) -> String {
            bytes.map { String(format: "%.1f MB", Double($0) / 1e6) } ?? "unknown"
        }
        print(
            "\(result.arch): resident \(megabytes(result.resident_bytes)), at most \(megabytes(result.peak_resident_bytes)); "
                + "of it weights \(megabytes(result.weights_bytes)), working memory \(megabytes(result.workspace_bytes))"
        )
    }
}

private struct MemoryResult: Encodable {
    let arch: String
    let peer: String
    let parameters: Int
    let weights_bytes: Int
    let workspace_bytes: Int
    /// After the answer; nil where the system does not say.
    let resident_bytes: Int?
    let peak_resident_bytes: Int?
}

/// A size in bytes that `/proc/self/status` gives in kibibytes.
func processMemory(_ key: String) -> Int? {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return nil }
    let line = status.split(separator: "\n").first { $0.hasPrefix("\(key):") }
    let kibibytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first
    return kibibytes.flatMap { Int($0) }.map { $0 * 1024 }
}
