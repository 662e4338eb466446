import Foundation
import GraftCheckpoint
import GraftImage

/// What a `config.json` of timm, or a `preprocessor_config.json` of Hugging Face's transformers, says about a model.
struct ModelConfiguration {
    /// timm's name of the architecture, e.g. `resnet50`.
    private(set) var architecture: String?
    private(set) var changes = PreprocessingChanges()
    /// What graftd does in another way than the file says.
    private(set) var notes: [String] = []

    private static let byteLimit = 1 << 20

    /// - Throws: `checkpoint` for a file that cannot be read, `badConfiguration` for one that says nothing of images.
    init(path: String) throws(ImportError) {
        let file: MappedFile
        do { file = try MappedFile(path: path, byteLimit: Self.byteLimit) } catch { throw .checkpoint(error) }
        do {
            try self.init(json: Data(file.bytes(in: 0..<file.count)))
        } catch {
            throw .badConfiguration(path: path, detail: error.description)
        }
        guard architecture != nil || !changes.isEmpty else {
            throw .badConfiguration(path: path, detail: "it says neither the architecture nor how images are prepared")
        }
    }

    /// Those at `paths`; where none are named, those that come with weights and lie in `folder`, of which some may be
    /// something else: notes say which.
    static func all(
        _ paths: [String]?, beside folder: String
    ) throws(ImportError) -> (used: [ModelConfiguration], notes: [String]) {
        var (used, notes): ([ModelConfiguration], [String]) = ([], [])
        if let paths {
            for path in paths { used.append(try ModelConfiguration(path: path)) }
            return (used, notes)
        }
        for name in ["config.json", "preprocessor_config.json"] {
            let path = "\(folder)/\(name)"
            guard FileManager.default.fileExists(atPath: path) else { continue }
            do throws(ImportError) {
                used.append(try ModelConfiguration(path: path))
                notes.append("images are prepared as \(name) beside the file says")
            } catch {
                notes.append("\(name) beside the file was not used: \(error)")
            }
        }
        return (used, notes)
    }

    /// Why it cannot be read.
    private struct Reason: Error {
        let description: String
    }

    private init(json: Data) throws(Reason) {
        let root: Any
        do { root = try JSONSerialization.jsonObject(with: json) } catch { throw Reason(description: "it is no JSON") }
        guard let object = root as? [String: Any] else { throw Reason(description: "it is no JSON object") }
        architecture = object["architecture"] as? String
        if let timm = object["pretrained_cfg"] as? [String: Any] { try read(timm: timm) }
        if object["image_mean"] != nil || object["size"] != nil || object["crop_size"] != nil {
            try read(transformers: object)
        }
    }

    // MARK: - timm

    private mutating func read(timm: [String: Any]) throws(Reason) {
        if let size = timm["input_size"] as? [Int] {
            guard size.count == 3, size[1] == size[2] else {
                throw Reason(description: "its input_size is \(size), expected [3, side, side]")
            }
            changes.side = size[1]
        }
        if let side = changes.side, let part = number(timm["crop_pct"]), part > 0, part <= 1 {
            // As timm rounds.
            changes.resizedSide = Int((Double(side) / part).rounded(.down))
        }
        changes.mean = colours(timm["mean"])
        changes.standardDeviation = colours(timm["std"])
        if let name = timm["interpolation"] as? String { try setInterpolation(name) }
        if let mode = timm["crop_mode"] as? String, mode != "center" {
            notes.append("the configuration crops by '\(mode)'; graftd cuts out the middle")
        }
    }

    // MARK: - transformers

    private mutating func read(transformers: [String: Any]) throws(Reason) {
        let cut = transformers["do_center_crop"] as? Bool == false ? nil : side(transformers["crop_size"])
        let resized = transformers["do_resize"] as? Bool == false ? nil : side(transformers["size"])
        changes.side = cut ?? resized
        if let side = changes.side { changes.resizedSide = max(side, resized ?? side) }
        if let size = transformers["size"] as? [String: Any], size["height"] != nil, cut == nil {
            notes.append("the configuration squeezes images into a square; graftd keeps their proportions and cuts")
        }
        let isNormalized = transformers["do_normalize"] as? Bool ?? true
        changes.mean = isNormalized ? colours(transformers["image_mean"]) : [0, 0, 0]
        changes.standardDeviation = isNormalized ? colours(transformers["image_std"]) : [1, 1, 1]
        // The numbers are Pillow's.
        switch transformers["resample"] as? Int {
        case nil: break
        case 2: changes.interpolation = .bilinear
        case 3: changes.interpolation = .bicubic
        case .some(let other):
            throw Reason(description: "it resamples by \(other), expected 2 (bilinear) or 3 (bicubic)")
        }
    }

    private func side(_ value: Any?) -> Int? {
        if let side = value as? Int { return side }
        guard let sides = value as? [String: Any] else { return nil }
        return sides["shortest_edge"] as? Int ?? sides["height"] as? Int
    }

    // MARK: - Values

    private mutating func setInterpolation(_ name: String) throws(Reason) {
        guard let interpolation = Interpolation(rawValue: name) else {
            throw Reason(
                description: "its interpolation is '\(name)', expected "
                    + Interpolation.allCases.map(\.rawValue).joined(separator: " or "))
        }
        changes.interpolation = interpolation
    }

    private func colours(_ value: Any?) -> [Float]? {
        guard let list = value as? [Any] else { return nil }
        let numbers = list.compactMap { number($0).map(Float.init) }
        return numbers.count == list.count ? numbers : nil
    }

    private func number(_ value: Any?) -> Double? { (value as? NSNumber)?.doubleValue }
}
