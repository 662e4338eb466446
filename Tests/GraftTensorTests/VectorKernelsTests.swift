import GraftTensor
import KernelChecks
import Testing

/// Every kernel of every instruction set that this CPU has, against plain loops in 64-bit and against itself, split over
/// threads in other ways; see Tests/KernelChecks.
@Suite struct VectorKernelsTests {
    static let operations = (0..<kernel_checks_count()).map { String(cString: kernel_checks_name($0)) }

    @Test(arguments: InstructionSet.available, operations)
    func equalPlainLoopsHoweverTheyAreSplit(_ set: InstructionSet, _ operation: String) {
        var report = [CChar](repeating: 0, count: 8192)
        let failures = kernel_checks_run(set.identifier, operation, &report, report.count)
        let text = String(decoding: report.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        #expect(failures == 0, "\(text)")
    }
}
