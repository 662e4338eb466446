import ArgumentParser
import Foundation

/// What a loaded backbone costs in memory.
struct Memory: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints the memory of a loaded backbone and of the process that runs it.")

    @OptionGroup var network: NetworkOptions

    func run() throws {
        let backbone = try network.load()
        let workspaces = backbone.makeWorkspaces()
        _ = backbone.features(of: network.image(for: backbone), in: workspaces)
        let result = MemoryResult(
            arch: backbone.architecture.name, parameters: backbone.parameterCount,
            weights_bytes: backbone.byteCounts.weights, workspace_bytes: backbone.byteCounts.workspace,
            peak_resident_bytes: peakResidentBytes())
        print(String(decoding: try JSONEncoder.sorted.encode(result), as: UTF8.self))
    }
}

private struct MemoryResult: Encodable {
    let arch: String
    let parameters: Int
    let weights_bytes: Int
    let workspace_bytes: Int
    /// nil where the system does not say.
    let peak_resident_bytes: Int?
}

/// The most memory that this process has had resident, in bytes, from `/proc/self/status`.
private func peakResidentBytes() -> Int? {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return nil }
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    let kibibytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first
    return kibibytes.flatMap { Int($0) }.map { $0 * 1024 }
}
