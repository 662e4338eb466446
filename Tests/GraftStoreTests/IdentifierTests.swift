import Foundation
import Testing

import GraftStore

@Suite struct IdentifierTests {
    @Test func theExampleOfTheStandardComesOut() {
        // RFC 9562, appendix A.6.
        let id = Identifier.make(
            milliseconds: 0x017F_22E2_79B0, random: (0x0CC3, 0x18C4_DC0C_0C07_398F))
        #expect(id == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
    }

    @Test func laterOnesSortAfterEarlierOnes() {
        let early = Identifier.make(at: Date(milliseconds: 1_000))
        let late = Identifier.make(at: Date(milliseconds: 1_001))
        #expect(early < late)
    }
}
