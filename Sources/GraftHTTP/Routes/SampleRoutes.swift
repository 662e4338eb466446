import GraftAPI
import GraftService
import Hummingbird

extension RouteTable {
    /// Teaching, and what has been taught.
    mutating func addSampleRoutes(_ service: GraftService) {
        on(.post, "/v1/samples") { request, _ in
            let label = try request.requiredQuery("label", hint: "say what the image shows, as in ?label=cat")
            let teaching = Teaching(
                label: label, group: request.query("group"), relabel: try request.relabelsOnConflict())
            let outcome =
                if let answer = request.query("answer") {
                    try await service.teach(answer: answer, teaching)
                } else {
                    try await service.teach(try await request.image(service), teaching)
                }
            return try Response(
                outcome.taught, status: outcome.isNew ? .created : .ok, location: "/v1/samples/\(outcome.taught.id)")
        }
        on(.get, "/v1/samples") { request, _ in
            let limit = try request.query("limit", in: 1...1_000, default: 100)
            let after = try request.query("after", in: 0...Int.max, default: 0)
            return try Response(
                try await service.samples(label: request.query("label"), after: after, limit: limit))
        }
        on(.get, "/v1/samples/{id}") { _, context in
            try Response(try await service.sample(context.parameter("id")))
        }
        on(.patch, "/v1/samples/{id}") { request, context in
            let change = try await request.json(LabelChange.self)
            return try Response(try await service.relabel(context.parameter("id"), as: change.label))
        }
        on(.delete, "/v1/samples/{id}") { _, context in
            try Response(try await service.forget(context.parameter("id")))
        }
    }
}

extension Request {
    /// Whether `?on_conflict=relabel` was asked for.
    fileprivate func relabelsOnConflict() throws(Problem) -> Bool {
        switch query("on_conflict") {
        case nil, "refuse": false
        case "relabel": true
        case .some(let other):
            throw Problem(.badRequest, detail: "?on_conflict= takes 'relabel' or 'refuse', found '\(other)'")
        }
    }
}
