import GraftAPI
import GraftService
import Hummingbird

extension RouteTable {
    /// Labels as a whole.
    mutating func addLabelRoutes(_ service: GraftService) {
        on(.get, "/v1/labels", by: .classify) { _, _ in
            try Response(try await service.labels())
        }
        on(.patch, "/v1/labels/{label}", by: .teach) { request, context in
            let change = try await request.json(like: LabelChange(label: ""))
            return try Response(
                try await service.rename(
                    label: context.parameter("label"), to: change.label, merge: change.merge ?? false))
        }
        on(.delete, "/v1/labels/{label}", by: .admin) { _, context in
            try Response(try await service.forget(label: context.parameter("label")))
        }
    }
}
