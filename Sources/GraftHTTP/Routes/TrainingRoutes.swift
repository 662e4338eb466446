import GraftAPI
import GraftService
import Hummingbird

extension RouteTable {
    /// Starting, following and cancelling a training job.
    mutating func addTrainingRoutes(_ service: GraftService) {
        on(.post, "/v1/train", by: .admin) { request, _ in
            let wanted = try await request.json(like: TrainRequest(), whenEmpty: TrainRequest())
            if wanted.ifDue == true {
                let answer = try await service.trainIfDue(wanted)
                return try Response(answer, status: answer.job == nil ? .ok : .accepted, location: "/v1/train")
            }
            let job = try await service.train(wanted)
            return try Response(job, status: .accepted, location: "/v1/train")
        }
        on(.get, "/v1/train", by: .classify) { _, _ in
            try Response(try await service.trainingJob())
        }
        on(.delete, "/v1/train", by: .admin) { _, _ in
            try Response(try await service.cancelTraining())
        }
    }
}
