import CHDF5
import Glibc
import TestSupport
import Testing

/// The child that reads HDF5, with limits of its own.
@Suite struct HDF5ChildTests {
    private static let generous = graft_hdf5_limits(
        elements: 1 << 30, texts: 1 << 30, objects: 1 << 40, depth: 1 << 10, memory: 1 << 30, seconds: 60)

    /// What a child sends of a fixture, and the signal by which it ends.
    private func run(_ file: String, _ limits: graft_hdf5_limits) throws -> (sent: [UInt8], signal: CInt) {
        let bytes = try Fixture.bytes("keras/\(file)")
        var (child, limits) = (graft_hdf5_child(), limits)
        #expect(graft_hdf5_start(bytes, bytes.count, &limits, 1, &child) == 0)
        var sent: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 12)
        while case let count = read(child.descriptor, &part, part.count), count > 0 { sent += part[..<count] }
        close(child.descriptor)
        return (sent, graft_hdf5_wait(child.process))
    }

    @Test func soundFileEndsWithItsLastRecord() throws {
        let (sent, signal) = try run("3.15.1.weights.h5", Self.generous)
        #expect(signal == 0)
        #expect(sent.last.map(Int.init) == graft_hdf5_end)
    }

    /// Its million paths take several seconds.
    @Test func longComputationIsEndedByASignalThatTellsSo() throws {
        var limits = Self.generous
        limits.seconds = 1
        #expect(try run("hostile-doubled.h5", limits).signal == SIGXCPU)
    }

    @Test func memoryIsWhatTheLimitAllows() throws {
        var limits = Self.generous
        limits.elements = 1 << 40
        limits.memory = 256 << 20
        // A gigabyte that nobody wrote.
        let (sent, signal) = try run("hostile-unwritten.h5", limits)
        #expect(signal == 0)
        #expect(sent.first.map(Int.init) == graft_hdf5_damaged)
        #expect(String(decoding: sent, as: UTF8.self).contains("more memory than the 256 MB"))
    }

    @Test func childOfAReaderThatIsGoneEnds() throws {
        let bytes = try Fixture.bytes("keras/3.15.1.weights.h5")
        var (child, limits) = (graft_hdf5_child(), Self.generous)
        #expect(graft_hdf5_start(bytes, bytes.count, &limits, 1, &child) == 0)
        close(child.descriptor)
        // Writing to a pipe that nobody reads.
        #expect([0, SIGPIPE].contains(graft_hdf5_wait(child.process)))
    }
}
