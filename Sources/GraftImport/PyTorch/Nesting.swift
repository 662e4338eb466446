/// Finds the state dict in what a training script saved beside other things.
struct Nesting {
    private let dictionaries: [[(key: PickleValue, value: PickleValue)]]
    /// Whether each dict has a tensor under a name.
    private let holdsTensors: [Bool]
    /// Each dict is looked through once, whoever holds it: a pickle may refer to one from everywhere.
    private var visited: Set<Int> = []

    /// What scripts call it, the likeliest first. Averages of the weights come after the weights.
    private static let names = [
        "state_dict", "model_state_dict", "model_state", "model", "module", "net", "network", "params", "weights",
        "state_dict_ema", "model_ema", "ema_state_dict", "ema", "params_ema", "teacher", "student",
    ]
    /// Scripts nest it once, and again where two of them met.
    private static let depthLimit = 4

    init(_ heap: PickleHeap) {
        dictionaries = heap.dictionaries
        holdsTensors = heap.dictionaries.map { entries in
            entries.contains { if case .text = $0.key { $0.value.isTensor } else { false } }
        }
    }

    /// The state dict in `dictionary`, which may be the dict itself, or nil if there is none, or several under names
    /// that tell nothing.
    mutating func weights(in dictionary: Int, depth: Int = 0) -> Int? {
        guard visited.insert(dictionary).inserted else { return nil }
        var known: [String: Int] = [:]
        var others: Set<Int> = []
        for case (.text(let name), .dictionary(let inner)) in dictionaries[dictionary] {
            if Self.names.contains(name) { known[name] = inner } else { others.insert(inner) }
        }
        if depth < Self.depthLimit {
            for name in Self.names {
                if let inner = known[name], let found = weights(in: inner, depth: depth + 1) { return found }
            }
        }
        if holdsTensors[dictionary] { return dictionary }
        let filled = others.filter { holdsTensors[$0] }
        return filled.count == 1 ? filled.first : nil
    }
}
