import Foundation
import GraftAPI
import GraftService
import GraftStore
import TestSupport
import Testing

@Suite struct TrainingRuleTests {
    private static let rule: TrainingRule = {
        var configuration = Configuration()
        configuration.trainAfterSamples = 10
        configuration.trainQuietSeconds = 60
        configuration.trainIntervalSeconds = 600
        configuration.trainMinimumBattery = 30
        configuration.trainMaximumTemperature = 80
        return TrainingRule(configuration)
    }()

    /// Facts under which training is due, with a change.
    private static func facts(_ change: (inout TrainingFacts) -> Void = { _ in }) -> TrainingFacts {
        var facts = TrainingFacts()
        facts.newSamples = 10
        facts.sinceChange = .seconds(60)
        facts.sinceTraining = .seconds(600)
        change(&facts)
        return facts
    }

    private static let battery = MachineState.Battery(name: "BAT0", level: 29)
    private static let heat = MachineState.Temperature(name: "cpu", degrees: 80.5)

    @Test(
        arguments: [
            (facts(), due: true, waits: []),
            (facts { $0.newSamples = 9 }, due: false, waits: []),
            (facts { ($0.newSamples, $0.corrections) = (0, 1) }, due: true, waits: []),
            (facts { $0.sinceTraining = nil }, due: true, waits: []),
            (facts { $0.sinceChange = .seconds(59) }, due: false, waits: [.notQuiet(left: .seconds(1))]),
            (facts { $0.sinceTraining = .seconds(599) }, due: false, waits: [.tooSoon(left: .seconds(1))]),
            (facts { $0.runningJob = "a" }, due: false, waits: [.runs(job: "a")]),
            (facts { $0.lack = "no labels" }, due: false, waits: [.lacks("no labels")]),
            (facts { $0.machine.battery = battery }, due: false, waits: [.batteryLow(battery, minimum: 30)]),
            (facts { $0.machine.battery = .init(name: "BAT0", level: 30) }, due: true, waits: []),
            (facts { $0.machine.temperature = heat }, due: false, waits: [.tooHot(heat, maximum: 80)]),
            (facts { $0.machine.temperature = .init(name: "cpu", degrees: 80) }, due: true, waits: []),
            (
                facts {
                    $0.sinceChange = .zero
                    $0.machine.battery = battery
                }, due: false, waits: [.notQuiet(left: .seconds(60)), .batteryLow(battery, minimum: 30)]
            ),
        ] as [(TrainingFacts, due: Bool, waits: [TrainingDecision.Obstacle])])
    func itIsDueOnlyWithAReasonAndNothingInTheWay(
        facts: TrainingFacts, due: Bool, waits: [TrainingDecision.Obstacle]
    ) {
        let decision = Self.rule.decide(facts)
        #expect(decision.isDue == due)
        #expect(decision.obstacles == waits)
    }

    @Test(arguments: [
        (setbacks: 1, wait: 600), (setbacks: 2, wait: 1_200), (setbacks: 4, wait: 4_800), (setbacks: 30, wait: 86_400),
    ])
    func afterEachTrainingThatCameToNothingItWaitsTwiceAsLongUpToADay(setbacks: Int, wait: Int) {
        func decide(after seconds: Int) -> TrainingDecision {
            Self.rule.decide(
                Self.facts {
                    $0.setbacks = setbacks
                    $0.sinceTraining = .seconds(seconds)
                })
        }
        #expect(decide(after: wait).isDue)
        #expect(decide(after: wait - 1).obstacles == [.backsOff(setbacks: setbacks, left: .seconds(1))])
    }

    @Test func withoutAnIntervalAFailureWaitsAllTheSame() {
        var rule = Self.rule
        rule.interval = .zero
        let facts = Self.facts {
            $0.setbacks = 1
            $0.sinceTraining = .seconds(59)
        }
        #expect(rule.decide(facts).left == .seconds(1))
    }

    @Test func zeroMeansAnyBatteryAndAnyTemperature() {
        var rule = Self.rule
        (rule.minimumBattery, rule.maximumTemperature) = (0, 0)
        #expect(
            rule.decide(Self.facts { $0.machine = MachineState(battery: Self.battery, temperature: Self.heat) }).isDue)
    }

    @Test func itSaysWhenOnlyIfItWaitsForNothingButTime() {
        let soon = Self.facts {
            $0.sinceChange = .seconds(50)
            $0.sinceTraining = .seconds(400)
        }
        #expect(Self.rule.decide(soon).left == .seconds(200))
        var hot = soon
        hot.machine.temperature = Self.heat
        #expect(Self.rule.decide(hot).left == nil)
        #expect(Self.rule.decide(TrainingFacts()).left == nil)
    }

    @Test func decisionsThatDifferInNumbersAreOfOneKind() {
        func kind(_ seconds: Int) -> [String] {
            Self.rule.decide(Self.facts { $0.sinceChange = .seconds(seconds) }).kind
        }
        #expect(kind(1) == kind(2))
        #expect(kind(2) != kind(60))
    }
}

@Suite struct MachineStateTests {
    /// A made-up `/sys`: attributes by path below `class`.
    private func machine(_ files: [String: String]) throws -> MachineState {
        let folder = try TemporaryFolder()
        for (path, text) in files { try write(text, to: "class/\(path)", in: folder) }
        return MachineState(systemFolder: folder.file("").path)
    }

    @Test func aBatteryThatIsDrainedCounts() throws {
        let files = [
            "power_supply/BAT0/type": "Battery\n", "power_supply/BAT0/status": "Discharging\n",
            "power_supply/BAT0/capacity": "17\n", "power_supply/AC/type": "Mains\n", "power_supply/AC/online": "0\n",
        ]
        #expect(try machine(files).battery == .init(name: "BAT0", level: 17))
        #expect(try machine(files.merging(["power_supply/BAT0/status": "Charging\n"]) { $1 }).battery == nil)
        #expect(try machine(files.merging(["power_supply/BAT0/present": "0\n"]) { $1 }).battery == nil)
        #expect(
            try machine(files.merging(["power_supply/BAT0/scope": "Device\n"]) { $1 }).battery == nil,
            "a mouse's battery says nothing of this machine")
    }

    @Test(arguments: [("0", 40), ("1", nil)] as [(String, Int?)])
    func whereTheBatteryDoesNotSayTheMainsDo(online: String, level: Int?) throws {
        let files = [
            "power_supply/BAT1/type": "Battery", "power_supply/BAT1/status": "Unknown",
            "power_supply/BAT1/energy_now": "20000000", "power_supply/BAT1/energy_full": "50000000",
            "power_supply/USB/type": "USB", "power_supply/USB/online": online,
        ]
        #expect(try machine(files).battery?.level == level)
    }

    @Test func theHottestZoneThatCanBeBelievedCounts() throws {
        let found = try machine([
            "thermal/thermal_zone0/type": "acpitz", "thermal/thermal_zone0/temp": "45000",
            "thermal/thermal_zone1/type": "soc", "thermal/thermal_zone1/temp": "81500",
            "thermal/thermal_zone2/type": "off", "thermal/thermal_zone2/temp": "65535000",
            "thermal/cooling_device0/temp": "99000", "thermal/thermal_zone3/temp": "no number",
        ])
        #expect(found.temperature == .init(name: "soc", degrees: 81.5))
    }

    @Test func aMachineWithoutAnySaysNothing() throws {
        #expect(try machine([:]) == MachineState())
        #expect(MachineState(systemFolder: "/nowhere") == MachineState())
    }
}

private func write(_ text: String, to path: String, in folder: TemporaryFolder) throws {
    let file = folder.file(path)
    try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
}

/// When a running service trains.
@Suite(.serialized) struct TrainingScheduleTests {
    private func teach(_ running: RunningService, _ seeds: Range<UInt64>) async throws {
        for seed in seeds {
            for (kind, label) in ["cat", "dog"].enumerated() { try await running.teach(picture(kind, seed), label) }
        }
    }

    private func ifDue(_ running: RunningService) async throws -> TrainIfDue {
        try await running.service.trainIfDue(TrainRequest(strategy: .head, ifDue: true))
    }

    @Test func ifDueStartsAJobOnlyWhenOneIsDue() async throws {
        let system = try TemporaryFolder()
        try write("Battery", to: "class/power_supply/BAT0/type", in: system)
        try write("Discharging", to: "class/power_supply/BAT0/status", in: system)
        try write("12", to: "class/power_supply/BAT0/capacity", in: system)
        let trainer = try HeldTrainer()
        let log = RecordedLog()
        let running = try await RunningService(trainer: trainer.program, log: log) {
            $0.trainAfterSamples = 12
            $0.trainQuietSeconds = 0
            $0.trainIntervalSeconds = 0
            $0.systemFolder = system.file("").path
        }
        try await running.install(seed: 1, as: "random")
        try await teach(running, 0..<5)
        let early = try await ifDue(running)
        #expect(early.job == nil && early.schedule.reasons.isEmpty && early.schedule.newSamples == 10)

        try await teach(running, 5..<6)
        let drained = try await ifDue(running)
        #expect(drained.job == nil && drained.schedule.reasons == ["12 new samples"])
        #expect(drained.schedule.blockedBy == ["battery BAT0 is at 12 %, below 30 %"])
        #expect(await running.service.status().schedule?.blockedBy == drained.schedule.blockedBy)

        // Asked again it decides the same, also with another number, and says so no more.
        try write("13", to: "class/power_supply/BAT0/capacity", in: system)
        #expect(try await ifDue(running).schedule.blockedBy == ["battery BAT0 is at 13 %, below 30 %"])
        #expect(
            log.messages.filter { $0.hasPrefix("training ") } == [
                "training waits: battery BAT0 is at 12 %, below 30 %"
            ])

        try write("80", to: "class/power_supply/BAT0/capacity", in: system)
        let due = try await ifDue(running)
        #expect(due.schedule.due && due.job?.state == .running)
        #expect(log.messages.contains("training is due: 12 new samples"))
        #expect(try await ifDue(running).schedule.blockedBy == ["job \(due.job?.id ?? "") runs"])
        #expect(try await trainer.finish(running).state == .published)

        // Nothing is new now; one correction is enough.
        let after = try await ifDue(running)
        #expect(!after.schedule.due && after.schedule.newSamples == 0)
        let sample = try await running.service.samples(label: "cat", after: 0, limit: 1).samples[0]
        _ = try await running.service.relabel(sample.id, as: "dog")
        #expect(try await ifDue(running).job != nil)
        _ = try await running.service.cancelTraining()
        await running.service.stop()
    }

    @Test func itTrainsByItselfAndNotAgainWithoutNews() async throws {
        let trainer = try HeldTrainer()
        let running = try await RunningService(trainer: trainer.program) {
            $0.trainAutomatically = true
            $0.trainAfterSamples = 12
            $0.trainQuietSeconds = 0
            $0.trainIntervalSeconds = 0
            $0.systemFolder = "/nowhere"
        }
        try await running.install(seed: 1, as: "random")
        try await teach(running, 0..<6)
        let job = try await trainer.finish(running)
        #expect(job.state == .published)
        #expect(await running.service.status().schedule?.due == false)
        await running.service.stop()
    }

    @Test func tooFewLabelsAreSaidBeforeAJobIsStarted() async throws {
        let running = try await RunningService {
            $0.trainAfterSamples = 1
            $0.trainQuietSeconds = 0
        }
        try await running.install(seed: 1, as: "random")
        try await running.teach(picture(0, 1), "cat")
        let answer = try await ifDue(running)
        #expect(answer.job == nil)
        #expect(answer.schedule.blockedBy.first?.hasPrefix("training takes at least 2 labels") == true)
        await running.service.stop()
    }

    @Test func aTrainerThatFailsMakesTheNextOneWait() async throws {
        let folder = try TemporaryFolder()
        let trainer = try HeldTrainer.program("read -r line; exit 1", in: folder)
        let running = try await RunningService(trainer: trainer) {
            $0.trainAfterSamples = 12
            $0.trainQuietSeconds = 0
            $0.trainIntervalSeconds = 0
            $0.systemFolder = "/nowhere"
        }
        try await running.install(seed: 1, as: "random")
        try await teach(running, 0..<6)
        #expect(try await ifDue(running).job != nil)
        while try await running.service.trainingJob().state == .running { try await Task.sleep(for: .milliseconds(5)) }
        for _ in 0..<2 {
            let answer = try await ifDue(running)
            #expect(answer.job == nil)
            #expect(answer.schedule.blockedBy.first?.hasPrefix("the last training came to nothing") == true)
            // And a restart does not forget it.
            try await running.restart()
        }
        #expect(try await running.service.trainingJob().message.contains("exit status 1"))
        await running.service.stop()
    }

    @Test func theLastJobSurvivesARestartAndOneThatWasInterruptedHasFailed() async throws {
        let running = try await RunningService()
        await #expect(throws: Problem.self) { try await running.service.trainingJob() }
        await running.service.stop()
        let store = try Store(folder: running.configuration.state, access: .writer)
        try await store.beginJob(id: "killed", request: #"{"strategy":"head"}"#)
        try store.close()
        try await running.restart()
        let job = try await running.service.trainingJob()
        #expect(job.id == "killed" && job.state == .failed && job.strategy == .head)
        #expect(job.message == "the service ended, or was killed, while it ran: train again")
        await running.service.stop()
    }
}
