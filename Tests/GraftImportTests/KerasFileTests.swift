import Foundation
import GraftCheckpoint
import GraftImport
import TestSupport
import Testing

@Suite struct KerasFileTests {
    static let files = [
        "2.15.0.notop.h5", "2.15.0.model.h5", "2.15.0.weights.h5", "3.2.1.model.h5", "3.2.1.weights.h5",
        "3.15.1.model.h5", "3.15.1.weights.h5", "3.15.1.keras", "3.15.1.nested.h5", "3.15.1.nested.weights.h5",
        "3.15.1.bfloat16.weights.h5", "3.15.1.float16.weights.h5", "keras1.notop.h5", "chunked-names.h5", "types.h5",
        "packed.h5", "latest.h5",
    ]

    private func read(_ bytes: some Sequence<UInt8>) throws(ImportError) -> StateDict {
        try readStateDict(MappedFile(bytes: [UInt8](bytes)))
    }

    /// Exact: nothing but the width of some types is converted.
    @Test(arguments: files)
    func everyTensorIsWhatKerasSaved(file: String) throws {
        let expected = try #require(try Expected.read("keras")[file])
        let stateDict = try readStateDict(path: Fixture.url("keras/\(file)").path)
        #expect(stateDict.names.sorted() == expected.keys.sorted())
        for (name, tensor) in expected {
            let found = try #require(stateDict[name])
            #expect(found.shape == tensor.shape, "\(name)")
            #expect(found.floats().map(\.bitPattern) == tensor.bits, "\(name)")
        }
    }

    @Test(arguments: files)
    func summariesAreOfTheSameTensors(file: String) throws {
        let bytes = try Fixture.bytes("keras/\(file)")
        let stateDict = try read(bytes)
        let summaries = try #require(try kerasSummaries(MappedFile(bytes: bytes)))
        #expect(summaries.map(\.name) == stateDict.names)
        for summary in summaries {
            let tensor = stateDict[summary.name]!
            #expect((summary.shape, summary.elementType) == (tensor.shape, tensor.elementType))
        }
    }

    @Test func legacyFilesAreInTheOrderOfTheirLayers() throws {
        let stateDict = try readStateDict(path: Fixture.url("keras/2.15.0.notop.h5").path)
        #expect(
            stateDict.names == [
                "block1_conv1/kernel", "block1_conv1/bias", "bn_a/gamma", "bn_a/beta", "bn_a/moving_mean",
                "bn_a/moving_variance", "deep/depthwise_kernel", "conv2d/kernel", "conv2d/bias",
            ])
    }

    @Test func otherFormatsHaveNoSummariesOfKeras() throws {
        #expect(try kerasSummaries(MappedFile(bytes: Fixture.bytes("checkpoints/types.zip.pth"))) == nil)
        #expect(try kerasSummaries(MappedFile(bytes: [1, 2, 3])) == nil)
    }
}

@Suite struct DamagedKerasFileTests {
    private func refusal(_ bytes: [UInt8]) -> ImportError? {
        do throws(ImportError) {
            _ = try readStateDict(MappedFile(bytes: bytes))
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        ("cycle", "more than 32 HDF5 groups one in another"), ("deep", "more than 32 HDF5 groups one in another"),
        ("doubled", "more than 65536 objects"), ("unwritten", "bytes of tensors"), ("wide", "bytes of tensors"),
        ("bomb", "bytes of tensors"), ("bomb2", "memory allocation failed"),
        ("outside", "'kernel' keeps its elements in another file"),
        ("virtual", "'kernel' keeps its elements in another file"), ("soft", "'a' is a link to another place"),
        ("external", "'a' is a link to another file"), ("lzf", "compressed by the filter 'lzf'"),
        ("nothing", "no arrays of numbers"),
        // By a signal or with libhdf5's reason, depending on its version.
        ("heap", "HDF5"),
    ])
    func hostileFileIsRefusedWithTheReason(file: String, part: String) throws {
        let error = try #require(refusal(try Fixture.bytes("keras/hostile-\(file).h5")))
        #expect("\(error)".contains(part), "\(error)")
    }

    /// One length in 101, a prime, so that cuts fall at every place in HDF5's blocks of 8, and the last 64.
    @Test(arguments: ["2.15.0.notop.h5", "3.15.1.weights.h5", "3.15.1.keras", "latest.h5", "packed.h5"])
    func fileCutAnywhereIsRefused(file: String) throws {
        let bytes = try Fixture.bytes("keras/\(file)")
        for length in [Int](stride(from: 0, to: bytes.count, by: 101)) + (bytes.count - 64..<bytes.count) {
            #expect(refusal(Array(bytes[..<length])) != nil, "\(length) bytes")
        }
    }

    /// libhdf5 may crash on some of them; this process does not.
    @Test(arguments: ["2.15.0.model.h5", "3.15.1.weights.h5", "latest.h5", "packed.h5", "types.h5"])
    func changedFilesNeverTrap(file: String) throws {
        let bytes = try Fixture.bytes("keras/\(file)")
        var random = SeededGenerator(seed: 3)
        var refused = 0
        for _ in 0..<150 {
            do throws(ImportError) {
                let stateDict = try readStateDict(MappedFile(bytes: random.mutated(bytes)))
                for name in stateDict.names { _ = stateDict[name]!.floats() }
            } catch {
                refused += 1
            }
        }
        // Half of the changes make the file longer or shorter, which HDF5 notices if it is shorter: a quarter.
        #expect(refused > 38)
    }
}
