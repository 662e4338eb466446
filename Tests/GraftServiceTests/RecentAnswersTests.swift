import GraftAPI
import GraftService
import Testing

/// What is remembered of the last answers, so that one can be taught without its image.
@Suite struct RecentAnswersTests {
    @Test func theOldestAreForgottenAndTheirImagesBeforeThem() async throws {
        let running = try await RunningService { $0.keep = .original }
        try await running.install(seed: 1, as: "first")
        try await running.teach(picture(0, 1), "cat")
        var answers: [String] = []
        for number: UInt64 in 0..<257 {
            answers.append(try await running.service.classify(picture(1, number, side: 160), top: 1).id)
        }
        #expect(Set(answers).count == 257)
        func teach(_ number: Int) async throws -> Int? {
            _ = try await running.service.teach(
                answer: answers[number], Teaching(label: "dog", group: nil, relabel: false))
            return await running.service.status().kept?.images
        }
        // 256 answers are remembered, and 16 MiB of images: 218 of 160 x 160 raw pixels.
        let error = try #require(await #expect(throws: Problem.self) { _ = try await teach(0) })
        #expect(error.kind == .unknownAnswer)
        #expect(try await teach(1) == 1)
        #expect(try await teach(38) == 1)
        #expect(try await teach(39) == 2)
        #expect(try await teach(256) == 3)
        #expect(await running.service.status().samples == 5)
        #expect(await running.service.status().latents?.latents == 5)
        await running.service.stop()
    }

    @Test func anAnswerIsFoundByItsIdInEitherCaseAndByNothingElse() async throws {
        let running = try await RunningService()
        try await running.install(seed: 1, as: "first")
        try await running.teach(picture(0, 1), "cat")
        let id = try await running.service.classify(picture(1, 1), top: 1).id
        // A UUID of version 4 (RFC 9562): eight, four, four, four and twelve digits.
        #expect(id.split(separator: "-").map(\.count) == [8, 4, 4, 4, 12])
        #expect(id == id.lowercased() && Array(id)[14] == "4" && "89ab".contains(Array(id)[19]))
        let teaching = Teaching(label: "dog", group: nil, relabel: false)
        var characters = Array(id)
        characters.swapAt(8, 9)
        let others = [
            "", "-", String(id.dropLast()), id + "0", id.replacing("-", with: ""), String(characters),
            String(repeating: "g", count: 36), "00000000-0000-4000-8000-000000000000",
        ]
        for other in others {
            let error = await #expect(throws: Problem.self) {
                _ = try await running.service.teach(answer: other, teaching)
            }
            #expect(error?.kind == .unknownAnswer, "\(other)")
        }
        #expect(try await running.service.teach(answer: id.uppercased(), teaching).isNew)
        await running.service.stop()
    }
}
