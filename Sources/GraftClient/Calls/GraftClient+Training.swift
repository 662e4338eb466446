import GraftAPI

/// Training and the versions it makes.
extension GraftClient {
    /// Starts a job; the problem `training-runs` where one runs already.
    package func train(_ request: TrainRequest = TrainRequest()) async throws(ClientError) -> TrainJob {
        try await answer(to: Call("POST", RequestTarget("v1", "train"), json: request))
    }

    /// Starts a job if one is due, and says why or why not.
    package func trainIfDue(_ request: TrainRequest = TrainRequest()) async throws(ClientError) -> TrainIfDue {
        var request = request
        request.ifDue = true
        return try await answer(to: Call("POST", RequestTarget("v1", "train"), json: request))
    }

    /// The job that runs or ran last; nil where there was none yet.
    package func trainJob() async throws(ClientError) -> TrainJob? {
        do {
            return try await answer(to: Call("GET", RequestTarget("v1", "train")), as: TrainJob.self)
        } catch .problem(let problem) where problem.kind == .noJob {
            return nil
        }
    }

    /// Cancels the job that runs.
    package func cancelTraining() async throws(ClientError) -> TrainJob {
        try await answer(to: Call("DELETE", RequestTarget("v1", "train")))
    }

    /// Asks after the job `id` until it has ended, and tells `onProgress` each answer, the last one too.
    ///
    /// - Throws: ``ClientError/interrupted(detail:)`` where the daemon knows the job no longer.
    package func waitForTraining(
        _ id: String, every interval: Duration = .milliseconds(250), onProgress: (TrainJob) -> Void = { _ in }
    ) async throws(ClientError) -> TrainJob {
        while true {
            guard let job = try await trainJob(), job.id == id else {
                throw .interrupted(detail: "the daemon knows the training job \(id) no longer")
            }
            onProgress(job)
            if job.state != .running { return job }
            do {
                try await Task.sleep(for: interval)
            } catch {
                throw .cancelled
            }
        }
    }

    /// Every version, newest first.
    package func versions() async throws(ClientError) -> VersionList {
        try await answer(to: Call("GET", RequestTarget("v1", "versions")))
    }

    /// Version `number`, with what was measured of each label.
    package func version(_ number: Int) async throws(ClientError) -> VersionRecord {
        try await answer(to: Call("GET", RequestTarget("v1", "versions", String(number))))
    }

    /// Lets version `number` answer from now on; 0 is the analytic head alone.
    package func activate(version number: Int) async throws(ClientError) -> Activated {
        try await answer(to: Call("POST", RequestTarget("v1", "versions", String(number), "activate")))
    }
}
