import GraftNetwork
import Testing

@Suite struct ArchitectureTests {
    /// 3 371 008 weights of convolutions and batch normalisation, and the 42 016 means and variances beside: what
    /// PyTorch counts for the `efficientnet_lite_pytorch` package's Lite0 without its classifier.
    @Test func efficientNetLite0HasTheWeightsOfTheReference() {
        let parameters = Architecture.efficientNetLite0.parameters
        let stored = parameters.filter { $0.name.hasSuffix(".mean") || $0.name.hasSuffix(".variance") }
        func count(_ parameters: [Parameter]) -> Int { parameters.reduce(0) { $0 + $1.shape.reduce(1, *) } }
        #expect(count(stored) == 42_016)
        #expect(count(parameters) - count(stored) == 3_371_008)
    }

    /// Millions of weights without the classifier's, as the papers and torchvision's documentation count them: table 1
    /// and 6 of He et al. (2015) with torchvision's counts less those of `fc`; VGG's convolutions.
    @Test(arguments: [
        ("mobilenet_v2", 2_223_872), ("resnet18", 11_176_512), ("resnet34", 21_284_672), ("resnet50", 23_508_032),
        ("resnet101", 42_500_160), ("resnet152", 58_143_808), ("vgg11", 9_220_480), ("vgg13", 9_404_992),
        ("vgg16", 14_714_688), ("vgg19", 20_024_384), ("vgg16_bn", 14_723_136),
        // What Keras counts as trainable, with include_top=False.
        ("mobilenet_v2_keras", 2_223_872), ("resnet50_keras", 23_534_592), ("resnet101_keras", 42_552_832),
        ("resnet152_keras", 58_219_520),
    ])
    func weightsAreAsManyAsTorchvisions(_ name: String, _ count: Int) throws {
        let parameters = try #require(Architecture.named(name)).parameters
        let trained = parameters.filter { !$0.name.hasSuffix(".mean") && !$0.name.hasSuffix(".variance") }
        #expect(trained.reduce(0) { $0 + $1.shape.reduce(1, *) } == count)
    }

    @Test(arguments: [
        ("resnet50", "layer4.0"), ("resnet18", "layer4.0"), ("vgg16", "features.24"), ("vgg11_bn", "features.22"),
        ("efficientnet_lite0", "blocks.11"), ("mobilenet_v2", "features.14"),
    ])
    func theTopIsWhatWorksAtTheLastResolution(_ name: String, _ block: String) throws {
        let architecture = try #require(Architecture.named(name))
        #expect(architecture.blocks[architecture.defaultCut].name == block)
    }

    @Test(arguments: Architecture.all)
    func namesAreUnique(_ architecture: Architecture) {
        let parameters = architecture.parameters
        #expect(Set(parameters.map(\.name)).count == parameters.count)
        for family in parameters[0].sources.indices {
            #expect(Set(parameters.map { $0.sources[family].name }).count == parameters.count)
        }
        #expect(Architecture.named(architecture.name)?.parameters == parameters)
    }

    @Test func anUnknownNameIsNoArchitecture() {
        #expect(Architecture.named("efficientnet_lite9") == nil)
    }
}
