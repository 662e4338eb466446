import GraftManual
import Testing

@Suite struct DiscussionTests {
    @Test func paragraphsTablesExamplesAndStatusesAreToldApart() {
        let discussion = Discussion(
            """
            First words.

            A table:
              one   1
              two   2
            and on.

            Exit status:
              0   done
              64  not understood

            Examples:
              graftctl status
              graftctl status --json | jq .samples
            """)
        #expect(
            discussion.blocks == [
                .paragraph("First words."), .paragraph("A table:"), .literal(["one   1", "two   2"]),
                .paragraph("and on."),
            ])
        #expect(discussion.examples == ["graftctl status", "graftctl status --json | jq .samples"])
        #expect(discussion.exitStatuses.map(\.number) == ["0", "64"])
        #expect(discussion.exitStatuses.map(\.meaning) == ["done", "not understood"])
    }

    @Test func noTextHasNothing() {
        #expect(Discussion("") == Discussion("\n\n"))
        #expect(Discussion("").blocks.isEmpty && Discussion("").examples.isEmpty)
    }
}
