import GraftTensor
import Testing

@Suite struct InstructionSetTests {
    @Test func scalarOrNeonIsAlwaysAvailable() {
        #expect(InstructionSet.available.contains { $0 == .scalar || $0 == .neon })
    }

    @Test func anUnknownInstructionSetIsRefusedWithThoseThatWork() {
        let error = InstructionSetError.unavailable(name: "mmx", available: InstructionSet.available)
        #expect(throws: error) { try InstructionSet.chosen(forced: "mmx") }
    }

    @Test(arguments: InstructionSet.available)
    func anInstructionSetCanBeForced(_ set: InstructionSet) throws {
        #expect(try InstructionSet.chosen(forced: set.rawValue) == set)
    }
}
