import Foundation
import GraftAPI
import Testing

@Suite struct CodingTests {
    private func json(_ value: some Encodable) throws -> String {
        String(decoding: try APICoding.encoder().encode(value), as: UTF8.self)
    }

    @Test func keysAreSnakeCaseAndAbsentFactsAreNull() throws {
        let taught = Taught(
            id: "a", label: "cat", duplicateOf: nil, nearDuplicateOf: nil, predicted: nil,
            model: ModelReference(version: 7, revision: 132))
        #expect(
            try json(taught)
                == """
                {"duplicate_of":null,"id":"a","label":"cat","model":{"revision":132,"version":7},\
                "near_duplicate_of":null,"predicted":null}
                """
        )
        #expect(try APICoding.decoder().decode(Taught.self, from: Data(json(taught).utf8)) == taught)
    }

    @Test func aClassificationRepeatsItsBestLabelOnTop() {
        let best = LabelProbability(label: "cat", probability: 0.9)
        let answer = Classification(
            id: "a", model: ModelReference(version: 0, revision: 1),
            top: [best, LabelProbability(label: "dog", probability: 0.1)], novelty: 0.5, unknown: false)
        #expect(answer.label == "cat")
        #expect(answer.probability == 0.9)
    }

    @Test func aClassificationIsWrittenAsTheEncoderWritesIt() throws {
        var controls = ""
        for code in UInt8(0)..<0x80 { controls.unicodeScalars.append(Unicode.Scalar(code)) }
        let labels = ["cat", "", controls, "Kätzchen 🐈 / \\ \" \u{7f}\u{2028}"]
        let numbers: [Float] = [
            0, -0.0, 1, 0.1, 1 / 3, 1e-5, 0.99999994, 16_777_216, 1e20, .leastNonzeroMagnitude,
            .greatestFiniteMagnitude,
        ]
        for label in labels {
            for (index, number) in numbers.enumerated() {
                let answer = Classification(
                    id: "0f-\(index)", model: ModelReference(version: index, revision: Int.max),
                    top: (0...index).map { LabelProbability(label: label, probability: numbers[index - $0]) },
                    novelty: number, unknown: index % 2 == 0)
                #expect(answer.json().map { String(decoding: $0, as: UTF8.self) } == (try json(answer)))
            }
        }
        let nothing = Classification(
            id: "a", model: ModelReference(version: 0, revision: 0),
            top: [LabelProbability(label: "a", probability: .nan)], novelty: 0, unknown: false)
        #expect(nothing.json() == nil)
    }

    @Test func aJobSurvivesTheJourney() throws {
        let job = TrainJob(
            id: "j", strategy: .auto, state: .running, progress: 0.5, message: "m",
            started: Date(timeIntervalSince1970: 10),
            finished: nil, seconds: 1.5, version: nil)
        #expect(try APICoding.decoder().decode(TrainJob.self, from: Data(json(job).utf8)) == job)
    }
}

@Suite struct ProblemTests {
    @Test(arguments: Problem.Kind.allCases)
    func everyKindHasItsOwnStableTypeAndAnErrorStatus(kind: Problem.Kind) throws {
        let problem = Problem(kind, detail: "d")
        #expect(problem.type == "urn:graftd:problem:\(kind.rawValue)")
        #expect(problem.kind == kind)
        #expect((400...599).contains(problem.status))
        #expect(!problem.title.isEmpty)
    }

    @Test func aKindThatANewerDaemonKnowsIsNoError() throws {
        let text = #"{"type":"urn:graftd:problem:from-the-future","title":"t","status":418,"detail":"d"}"#
        let problem = try APICoding.decoder().decode(Problem.self, from: Data(text.utf8))
        #expect(problem.kind == nil)
        #expect(problem.status == 418)
    }
}
