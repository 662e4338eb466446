import Foundation
import GraftAPI
import GraftClient
import Testing

extension DaemonTests {
    /// Versions with blocks of their own: what they answer, how they go on learning, and how they come and go.
    @Suite(.enabled(if: Programs.weights != nil, Programs.weightsCondition)) struct TunedVersionTests {
        private static let byHand = "trainAutomatically: off\n"

        /// One short tuning of the last blocks.
        private static let recipe: TrainRequest = {
            var recipe = TrainingRecipe()
            (recipe.cut, recipe.headStart, recipe.epochs) = ("blocks.15", .solved, 2)
            return TrainRequest(strategy: .top, seed: 3, recipe: recipe)
        }()

        private func train(_ daemon: RunningDaemon, _ request: TrainRequest) async throws -> TrainJob {
            try await daemon.client.waitForTraining(try await daemon.client.train(request).id)
        }

        /// What a picture is taken for, and how unlike all others it is.
        private struct Said: Equatable {
            var top: [LabelProbability]
            let novelty: Float
        }

        /// What is said of every kind's unseen pictures, with all probabilities.
        private func answers(_ daemon: RunningDaemon) async throws -> [Said] {
            var answers: [Said] = []
            for kind in TestImages.kinds {
                let image = TestImages.ppm(kind: kind, seed: 700)
                let answer = try await daemon.client.classify(image, mediaType: .ppm, top: 10)
                answers.append(Said(top: answer.top, novelty: answer.novelty))
            }
            return answers
        }

        @Test func aTunedVersionAnswersGoesOnLearningAndGoesBackExactly() async throws {
            try await RunningDaemon.with(configuration: Self.byHand) { daemon in
                try await daemon.teach(perKind: 8)
                let untuned = try await answers(daemon)
                let job = try await train(daemon, Self.recipe)
                #expect(job.state == .published && job.version == 1, "\(job.message)")
                let record = try await daemon.client.version(1)
                #expect(record.blocks == ["blocks.15", "final"] && record.strategy == .top)
                let tuned = try await answers(daemon)
                let status = try await daemon.client.status()
                #expect(status.learnedSamples == 40 && status.samples == 40)
                #expect(tuned != untuned)

                // A new label, taught by the picture of an answer, which the tuned top alone has looked at.
                let image = TestImages.ppm(kind: "rings", seed: 801)
                let answer = try await daemon.client.classify(image, mediaType: .ppm)
                let taught = try await daemon.client.teach(answer: answer.id, label: "new")
                let again = try await daemon.client.classify(image, mediaType: .ppm)
                #expect(again.label == "new" && again.model.version == 1)

                // Whatever is done and undone leaves nothing behind, in memory and on the disk.
                _ = try await daemon.client.relabel(sample: taught.id, as: "stripes")
                _ = try await daemon.client.forget(sample: taught.id)
                var after = try await answers(daemon)
                for i in after.indices { after[i].top.removeAll { $0.label == "new" } }
                #expect(after == tuned)
                #expect(daemon.stop() == 0)
                try await daemon.start()
                #expect(try await answers(daemon) == tuned)
                daemon.kill()
                try await daemon.start()
                #expect(try await answers(daemon) == tuned)

                // Samples that are taught while it does not answer are shown to its top when it does again.
                _ = try await daemon.client.activate(version: 0)
                #expect(try await answers(daemon) == untuned)
                _ = try await daemon.client.teach(image, mediaType: .ppm, label: "new")
                _ = try await daemon.client.activate(version: 1)
                #expect(try await daemon.client.classify(image, mediaType: .ppm).label == "new")
            }
        }

        @Test func theSameSnapshotAndSeedGiveTheSameBytes() async throws {
            try await RunningDaemon.with(configuration: Self.byHand) { daemon in
                try await daemon.teach(perKind: 6)
                var digests: Set<Data> = []
                for version in 1...2 {
                    _ = try await daemon.client.activate(version: 0)
                    let job = try await train(daemon, Self.recipe)
                    try #require(job.state == .published, "\(job.message)")
                    digests.insert(
                        try Data(contentsOf: URL(filePath: "\(daemon.state)/versions/\(version).safetensors")))
                }
                #expect(digests.count == 1)
            }
        }

        @Test func theClassicRecipesAreOneCommandEach() async throws {
            try await RunningDaemon.with(configuration: Self.byHand) { daemon in
                try await daemon.teach(perKind: 6)
                for recipe in [
                    ["feature-extraction", "--epochs", "3"],
                    ["fine-tuning", "--cut", "blocks.15", "--epochs", "1", "--hidden", "16"],
                    ["layer-wise", "--rate", "blocks.15=1e-4", "--epochs", "1"],
                ] {
                    let run = try ProgramRun(
                        Programs.graftctl, ["train", "--wait", "--recipe"] + recipe + ["--socket", daemon.socket])
                    // Published or kept back: so short a training may be worse than the analytic head.
                    #expect(run.status == 0 || run.status == 5, "\(run.output)\(run.errors)")
                }
                let versions = try await daemon.client.versions().versions
                #expect(versions.map(\.strategy) == [.top, .top, .head])
                #expect(versions.map(\.head) == [.linear, .mlp, .linear])
                #expect(versions.map { $0.blocks.isEmpty } == [false, false, true])
            }
        }

        @Test func whatCannotBeTrainedIsRefusedWithTheReason() async throws {
            try await RunningDaemon.with(configuration: Self.byHand) { daemon in
                try await daemon.teach(perKind: 6)
                for (body, status, says) in [
                    (#"{"strategy":"auto","recipe":{"epochs":3}}"#, 400, "auto chooses its own"),
                    (#"{"recipe":{"epochs":0,"head_rate":-1}}"#, 400, "epochs is 0, expected 1 to 10000"),
                    (#"{"recipe":{"cut":"layer4"}}"#, 400, "found 'layer4'"),
                    (#"{"recipe":{"cut":"blocks.3"}}"#, 409, "latents are taken before blocks.11"),
                    (#"{"recipe":{"block_rates":{"layer4":1e-4}}}"#, 400, "layer4"),
                    (#"{"time_limit":0}"#, 400, "time_limit"),
                ] {
                    let answer = try RawRequest(post: "/v1/train", body, socket: daemon.socket)
                    #expect(answer.status == status && answer.body.contains(says), "\(answer.body)")
                }
            }
            try await RunningDaemon.with(configuration: Self.byHand + "latents: none\n") { daemon in
                try await daemon.teach(perKind: 6)
                let answer = try RawRequest(post: "/v1/train", #"{"strategy":"top"}"#, socket: daemon.socket)
                #expect(answer.status == 409 && answer.body.contains("no latents are kept"), "\(answer.body)")
                let job = try await train(daemon, TrainRequest(strategy: .auto))
                #expect(job.state == .published || job.state == .rejected, "\(job.message)")
            }
        }
    }
}
