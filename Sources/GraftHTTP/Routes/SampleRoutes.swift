import GraftAPI
import GraftService
import Hummingbird

extension RouteTable {
    /// Teaching, and what has been taught.
    mutating func addSampleRoutes(_ service: GraftService) {
        on(.post, "/v1/samples", by: .teach) { request, _ in
            let teaching = Teaching(
                label: try request.taughtLabel(), group: request.query("group"),
                relabel: try request.relabelsOnConflict())
            let outcome =
                if let answer = request.query("answer") {
                    try await service.teach(answer: answer, teaching)
                } else {
                    try await service.teach(try await request.image(service), teaching)
                }
            return try Response(
                outcome.taught, status: outcome.isNew ? .created : .ok, location: "/v1/samples/\(outcome.taught.id)")
        }
        on(.get, "/v1/samples", by: .teach) { request, _ in
            let limit = try request.query("limit", in: 1...1_000, default: 100)
            let after = try request.query("after", in: 0...Int.max, default: 0)
            let label = request.query("label")
            let negative = try request.isNegative()
            guard label == nil || !negative else { throw Request.labelAndNegative }
            return try Response(
                try await service.samples(label: label, negative: negative, after: after, limit: limit))
        }
        on(.get, "/v1/samples/{id}", by: .teach) { _, context in
            try Response(try await service.sample(context.parameter("id")))
        }
        on(.patch, "/v1/samples/{id}", by: .teach) { request, context in
            let change = try await request.json(like: SampleChange(label: nil))
            guard (change.label == nil) == (change.negative == true) else {
                throw Problem(
                    .badRequest,
                    detail: "the body takes either {\"label\": \"cat\"} or {\"negative\": true}, found "
                        + (change.label == nil ? "neither" : "both"))
            }
            return try Response(try await service.relabel(context.parameter("id"), as: change.label))
        }
        on(.delete, "/v1/samples/{id}", by: .admin) { request, context in
            let purge = try request.isTrue("purge")
            return try Response(try await service.forget(context.parameter("id"), purge: purge))
        }
    }
}

extension Request {
    fileprivate static let labelAndNegative = Problem(
        .badRequest, detail: "?label= and ?negative=true exclude each other: a negative example has none of the labels")

    /// The value of `?label=`; nil where `?negative=true` was said instead.
    fileprivate func taughtLabel() throws(Problem) -> String? {
        let negative = try isNegative()
        guard let label = query("label") else {
            if negative { return nil }
            throw Problem(
                .badRequest,
                detail: "?label= is missing: say what the image shows, as in ?label=cat, or that it shows none of the "
                    + "labels, with ?negative=true")
        }
        if negative { throw Self.labelAndNegative }
        return label
    }

    /// Whether `?negative=true` was said.
    fileprivate func isNegative() throws(Problem) -> Bool { try isTrue("negative") }

    /// Whether `?name=true` was said.
    fileprivate func isTrue(_ name: String) throws(Problem) -> Bool {
        switch query(name) {
        case nil, "false": false
        case "true": true
        case .some(let other):
            throw Problem(.badRequest, detail: "?\(name)= takes 'true' or 'false', found '\(other)'")
        }
    }

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
