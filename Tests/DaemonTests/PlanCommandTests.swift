import Foundation
import Testing

extension DaemonTests {
    /// `graftctl backbone plan`, which needs no daemon.
    @Suite struct PlanCommandTests {
        private struct Plan: Decodable {
            struct Step: Decodable {
                let layer: String
                let output: [Int]
                let algorithm: String
                let multiply_adds: Int
                let ms: Double
            }

            let isa: String
            let threads: Int
            let steps: [Step]
        }

        @Test func aPlanNamesEveryLayerAndItsAlgorithm() throws {
            let run = try ProgramRun(
                Programs.graftctl, ["backbone", "plan", "resnet18", "--threads", "2", "--runs", "1", "--json"],
                environment: ["GRAFTD_ISA": ""])
            #expect(run.status == 0, "\(run.errors)")
            let plan = try JSONDecoder().decode(Plan.self, from: Data(run.output.utf8))
            #expect(plan.threads == 2)
            // 20 convolutions and two poolings; 1.81 billion multiply-adds (table 1 of He et al. 2015 says 1.8).
            #expect(plan.steps.count == 22)
            #expect(plan.steps.reduce(0) { $0 + $1.multiply_adds } == 1_813_561_344)
            #expect(plan.steps.first?.layer == "stem.conv1" && plan.steps.first?.output == [112, 112, 64])
            #expect(plan.steps.contains { $0.layer == "layer1.0.conv1" && $0.algorithm.hasPrefix("Winograd") })
            #expect(plan.steps.allSatisfy { $0.ms > 0 })
        }

        @Test func aPlanIsATableToo() throws {
            let run = try ProgramRun(Programs.graftctl, ["backbone", "plan", "efficientnet_lite0", "--runs", "1"])
            #expect(run.status == 0, "\(run.errors)")
            let lines = run.output.split(separator: "\n")
            #expect(lines.first?.contains("GFLOP/s") == true)
            #expect(lines.contains { $0.hasPrefix("blocks.15.depthwise") && $0.contains("7x7x1152") })
        }

        @Test func anUnknownNetworkIsNamedWithThoseThatAreKnown() throws {
            let run = try ProgramRun(Programs.graftctl, ["backbone", "plan", "resnet19"])
            #expect(run.status != 0)
            #expect(run.errors.contains("'resnet19'") && run.errors.contains("resnet18"))
        }

        @Test func anInstructionSetThatIsNotThereIsRefused() throws {
            let run = try ProgramRun(
                Programs.graftctl, ["backbone", "plan", "resnet18"], environment: ["GRAFTD_ISA": "mmx"])
            #expect(run.status != 0)
            #expect(run.errors.contains("GRAFTD_ISA=mmx"))
        }
    }
}
