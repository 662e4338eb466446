import GraftNetwork

/// The layers above the features in foreign checkpoints, which graftd's own head replaces.
enum Classifier {
    /// What comes first in the names of their tensors: the `efficientnet_lite_pytorch` package's; torchvision's ResNets
    /// and most of timm; torchvision's VGG, MobileNet and EfficientNet and timm's; timm's transformers and VGG; Keras',
    /// and what it calls a dense layer that was given no name.
    private static let parts: Set<Substring> = [
        "_fc", "fc", "classifier", "head", "pre_logits", "fc1", "fc2", "predictions", "dense",
    ]

    static func isPart(_ name: Substring) -> Bool {
        parts.contains(withoutCounter(name.prefix { $0 != "." && $0 != "/" }))
    }

    /// What the last layer among the tensors `names` is called, e.g. `fc` or `classifier.6`.
    static func name(among names: [String]) -> String? {
        for name in names.reversed() {
            for ending in [".weight", "/kernel"] where name.hasSuffix(ending) {
                return String(name.dropLast(ending.count))
            }
        }
        return nil
    }
}
