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

    @Test(arguments: Architecture.all)
    func namesAreUnique(_ architecture: Architecture) {
        let parameters = architecture.parameters
        #expect(Set(parameters.map(\.name)).count == parameters.count)
        for family in parameters[0].sourceNames.indices {
            #expect(Set(parameters.map { $0.sourceNames[family] }).count == parameters.count)
        }
        #expect(Architecture.named(architecture.name)?.parameters == parameters)
    }

    @Test func anUnknownNameIsNoArchitecture() {
        #expect(Architecture.named("efficientnet_lite9") == nil)
    }
}
