extension TuningRecipe {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case cut, head, hidden, dropout, headStart
        case optimizer, weightDecay, headRate, blockRate, blockRates, blockDecay, schedule, warmUp, epochs, batch,
            shuffle
        case mirror, labelSmoothing, labelBalance, logitAdjustment
        case validation, patience, averaging, averagingDecay, averagedEpochs
    }

    /// Any name, so that one that means nothing is found.
    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// A recipe in which everything may be left out, and nothing may be called otherwise.
    package init(from decoder: any Decoder) throws {
        let named = try decoder.container(keyedBy: Name.self)
        for key in named.allKeys where CodingKeys(stringValue: key.stringValue) == nil {
            let known = CodingKeys.allCases.map(\.stringValue).sorted().joined(separator: ", ")
            throw DecodingError.dataCorruptedError(
                forKey: key, in: named,
                debugDescription: "a recipe has no part called '\(key.stringValue)'; the parts are \(known)")
        }
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func read<Value: Decodable>(_ key: CodingKeys, _ part: WritableKeyPath<TuningRecipe, Value>) throws {
            if let value = try container.decodeIfPresent(Value.self, forKey: key) { self[keyPath: part] = value }
        }
        self.init()
        cut = try container.decodeIfPresent(String.self, forKey: .cut)
        patience = try container.decodeIfPresent(Int.self, forKey: .patience)
        try read(.head, \.head)
        try read(.hidden, \.hidden)
        try read(.dropout, \.dropout)
        try read(.headStart, \.headStart)
        try read(.optimizer, \.optimizer)
        try read(.weightDecay, \.weightDecay)
        try read(.headRate, \.headRate)
        try read(.blockRate, \.blockRate)
        try read(.blockRates, \.blockRates)
        try read(.blockDecay, \.blockDecay)
        try read(.schedule, \.schedule)
        try read(.warmUp, \.warmUp)
        try read(.epochs, \.epochs)
        try read(.batch, \.batch)
        try read(.shuffle, \.shuffle)
        try read(.mirror, \.mirror)
        try read(.labelSmoothing, \.labelSmoothing)
        try read(.labelBalance, \.labelBalance)
        try read(.logitAdjustment, \.logitAdjustment)
        try read(.validation, \.validation)
        try read(.averaging, \.averaging)
        try read(.averagingDecay, \.averagingDecay)
        try read(.averagedEpochs, \.averagedEpochs)
    }
}
