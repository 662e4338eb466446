import GraftAPI
import GraftService
import Hummingbird

extension RouteTable {
    /// Starting, following and cancelling a training job.
    mutating func addTrainingRoutes(_ service: GraftService) {
        on(.post, "/v1/train") { request, _ in
            let job = try await service.train(try await request.json(TrainRequest.self, whenEmpty: TrainRequest()))
            return try Response(job, status: .accepted, location: "/v1/train")
        }
        on(.get, "/v1/train") { _, _ in
            try Response(try await service.trainingJob())
        }
        on(.delete, "/v1/train") { _, _ in
            try Response(try await service.cancelTraining())
        }
    }
}
