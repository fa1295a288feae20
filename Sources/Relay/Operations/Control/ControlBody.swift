import FlyingFox
import Mail

/// The bodies of requests: there is one kind, a configuration that is to be tried.
enum ControlBody {
    /// Octets of a configuration that is sent here. Ours: a file of that size has thousands of rules.
    static let limit = 1 << 20

    /// Where one is taken, as it must be written.
    static let place = "/v1/simulate"

    static let parameters = ["file", "days", "after", "limit"]

    /// Octets of the body of `request`, by its head; nil where it takes none.
    static func length(in head: some Collection<UInt8>, of request: ControlRequest) throws(ControlRefusal) -> Int? {
        guard case .simulate = request else { return nil }
        for line in String(decoding: head, as: UTF8.self).split(whereSeparator: { $0 == "\r\n" || $0 == "\n" })
            .dropFirst()
        {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "content-length" else { continue }
            let text = parts[1].drop { $0 == " " || $0 == "\t" }
            guard let length = Int(strictly: text), length > 0 else { break }
            guard length <= limit else {
                throw ControlRefusal(
                    .payloadTooLarge, "body-too-large", "the body has more than \(limit) octets",
                    "Send a smaller configuration")
            }
            return length
        }
        throw ControlRefusal(
            .badRequest, "body-missing", "there is no configuration in the request",
            "Send it as the body, with its Content-Length")
    }

    /// For requests that take none.
    static func refuse(_ fields: some Sequence<Substring>) throws(ControlRefusal) {
        for field in fields {
            let parts = field.split(separator: ":", maxSplits: 1)
            let name = (parts.first ?? "").lowercased()
            let isEmpty = name == "content-length" && parts.last?.allSatisfy({ " \t0".contains($0) }) == true
            if name == "transfer-encoding" || name == "content-length" && !isEmpty {
                throw ControlRefusal(.payloadTooLarge, "body-refused", "this request has no body", "Send none")
            }
        }
    }
}

extension ControlRequest {
    /// The same with the octets of its body.
    func with(_ body: [UInt8]) throws(ControlRefusal) -> ControlRequest {
        guard case .simulate(var query) = self else { return self }
        guard let text = String(validating: body, as: UTF8.self) else {
            throw ControlRefusal(.badRequest, "bad-body", "the configuration is not UTF-8", "Save it as UTF-8")
        }
        query.configuration = text
        return .simulate(query)
    }
}

extension ControlParameters {
    /// Without the configuration, which is the body.
    func simulationQuery() throws(ControlRefusal) -> SimulationQuery {
        let days = try seconds("days", upTo: Int64(SimulationQuery.dayLimit)) ?? Int64(SimulationQuery.usualDays)
        return SimulationQuery(
            configuration: "", file: value("file") ?? "the configuration", days: Int(days), after: value("after"),
            limit: try limit(upTo: SimulationQuery.pageLimit, else: SimulationQuery.pageLimit))
    }
}
