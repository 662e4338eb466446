import GraftNetwork

/// The three ways to adapt a pretrained network that textbooks begin with, by name.
package enum ClassicRecipe: String, Codable, Sendable, CaseIterable {
    /// ``TuningRecipe/featureExtraction``
    case featureExtraction = "feature-extraction"
    /// ``TuningRecipe/fineTuning``
    case fineTuning = "fine-tuning"
    /// ``TuningRecipe/layerWise``
    case layerWise = "layer-wise"

    /// The recipe for a network of `architecture`.
    package func recipe(for architecture: Architecture) -> TuningRecipe {
        var recipe: TuningRecipe
        switch self {
        case .featureExtraction:
            recipe = .featureExtraction
        case .fineTuning:
            recipe = .fineTuning
            recipe.cut = Self.blockAfterThirdPooling(architecture)
        case .layerWise:
            recipe = .layerWise
            guard architecture.blocks(named: "layer4") == nil else { break }
            // The last stage, whatever it is called there, begins where latents are taken unless somebody says otherwise.
            recipe.cut = architecture.blocks[architecture.defaultCut].name
            recipe.blockRates = [:]
        }
        return recipe
    }

    /// Where the top begins in a VGG of which Keras' first ten layers are frozen: the input, seven convolutions and two
    /// pooling layers, and with them the third pooling, which has no weights. Nil in other networks.
    private static func blockAfterThirdPooling(_ architecture: Architecture) -> String? {
        let poolings = architecture.blocks.indices.filter { b in
            if case .pooling = architecture.blocks[b].nodes[0].layer {
                architecture.blocks[b].nodes.count == 1
            } else {
                false
            }
        }
        return poolings.count == 5 ? architecture.blocks[poolings[2] + 1].name : nil
    }
}

extension TuningRecipe {
    /// A new linear head on features of the network as it is: what one does with a frozen ResNet-18 in PyTorch, a new
    /// `fc`, and Adam at 1e-3.
    ///
    /// For few samples, or labels that the network's own resemble: nothing can be forgotten or overfitted but the head, and
    /// it takes seconds. It needs no latents. Strategy `head` finds a better head from the same features.
    package static let featureExtraction: TuningRecipe = {
        var recipe = TuningRecipe()
        recipe.blockRate = 0
        recipe.headRate = 1e-3
        recipe.epochs = 20
        return recipe
    }()

    /// The upper half of the network together with a new classifier at one low rate: what one does with VGG16 in Keras, ten
    /// layers frozen, global average pooling, Dense(256, ReLU), softmax, and Adam at 1e-4, watching samples that are held
    /// out.
    ///
    /// For some hundred samples a label of images that differ from photographs of ImageNet, and a network without batch
    /// normalisation. The weights of the best epoch are kept. For VGG16 it wants latents taken before `features.17`, which is
    /// after Keras' `block3_pool`: each is 200,704 elements.
    package static let fineTuning: TuningRecipe = {
        var recipe = TuningRecipe()
        recipe.head = .mlp
        recipe.hidden = 256
        recipe.headRate = 1e-4
        recipe.blockRate = 1e-4
        recipe.epochs = 20
        recipe.validation = true
        recipe.patience = 5
        return recipe
    }()

    /// The last stage at a low rate and the head at a higher one: what one does with ResNet-50, `layer4` in one group of
    /// parameters at 1e-4 and a new `fc` in another at 1e-3, with Adam.
    ///
    /// For most tasks with more than about fifty samples a label: the last stage is what is most particular to the labels
    /// that the network was trained for, and the head need not wait for it. It is the least that adapts features.
    package static let layerWise: TuningRecipe = {
        var recipe = TuningRecipe()
        recipe.cut = "layer4"
        recipe.blockRates = ["layer4": 1e-4]
        recipe.headRate = 1e-3
        return recipe
    }()

    /// Whether no block has a rate above 0: then features are all it needs, and no latents.
    package var trainsOnlyHead: Bool { blockRate == 0 && blockRates.values.allSatisfy { $0 == 0 } }
}
