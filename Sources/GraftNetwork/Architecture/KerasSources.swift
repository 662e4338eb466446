/// The names that the layers of one network have in Keras: their own, and those that `.weights.h5` gave them before
/// Keras 3.6, which number the layers of each class.
///
/// To be asked for the layers in the order of Keras' `model.layers`.
struct KerasSources {
    private var counters: [String: Int] = [:]

    /// Of the convolution called `name` and the batch normalisation called `normalization`, if one follows.
    mutating func next(_ name: String, _ normalization: String? = nil, isDepthwise: Bool = false) -> [Convolution
        .Source]
    {
        let numbered = Convolution.Source(
            next(isDepthwise ? "depthwise_conv2d" : "conv2d"),
            normalization == nil ? "" : next("batch_normalization"), .keras)
        return [.init(name, normalization ?? "", .keras), numbered]
    }

    /// `conv2d`, then `conv2d_1` and so on.
    private mutating func next(_ layerClass: String) -> String {
        defer { counters[layerClass, default: 0] += 1 }
        let number = counters[layerClass, default: 0]
        return number == 0 ? layerClass : "\(layerClass)_\(number)"
    }
}
