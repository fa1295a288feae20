import FlyingFox
import Mail

/// A question to the control socket, or one of the orders it takes: without a body.
enum ControlRequest: Hashable, Sendable {
    case status
    case queue(QueueQuery)
    case show(QueueID)
    case policy(DomainName)
    case policies(PolicyQuery)
    /// A POST.
    case refreshPolicy(DomainName)
    case reports(ReportQuery)
    case reportPreview(ReportQuery)
    /// A POST.
    case sendReports(ReportQuery)

    /// What asks and what orders.
    private enum Method: String { case get = "GET", post = "POST" }

    /// Octets of request line, header and the empty line after them.
    static let headLimit = 16_384

    /// Where the head ends in what has been read, or nil where it has not ended yet. `searched` octets are known not to
    /// hold the end, so that a head that comes octet by octet is not searched again from its start each time.
    static func endOfHead(in octets: [UInt8], searched: Int) -> Int? {
        var index = max(0, searched - 3)
        while index < octets.count {
            // A line end is CRLF; a bare LF is taken too (RFC 9112 §2.2).
            if octets[index] == UInt8(ascii: "\n") {
                let rest = octets[(index + 1)...].prefix(2)
                if rest.first == UInt8(ascii: "\n") { return index + 2 }
                if rest.elementsEqual([UInt8(ascii: "\r"), UInt8(ascii: "\n")]) { return index + 3 }
            }
            index += 1
        }
        return nil
    }

    /// Reads a whole head.
    static func parse(_ head: some Collection<UInt8>) throws(ControlRefusal) -> ControlRequest {
        guard let text = String(validating: head, as: UTF8.self) else {
            throw ControlRefusal(.badRequest, "bad-request", "the request is not UTF-8", "Send an HTTP/1.1 GET request")
        }
        let lines = text.split(whereSeparator: { $0 == "\r\n" || $0 == "\n" })
        let words = (lines.first ?? "").split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[2] == "HTTP/1.1" || words[2] == "HTTP/1.0", words[1].first == "/" else {
            throw ControlRefusal(
                .badRequest, "bad-request", "the request line is not understood", "Send an HTTP/1.1 GET request")
        }
        try refuseBody(lines.dropFirst())
        let parts = words[1].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        // FlyingFox decodes what is percent-encoded.
        let request = HTTPRequest(
            method: HTTPMethod(String(words[0])), version: .http11,
            target: HTTPRequest.Target(path: String(parts[0]), query: parts.count > 1 ? String(parts[1]) : ""),
            headers: [:], body: HTTPBodySequence())
        guard let method = Method(rawValue: String(words[0])) else {
            throw notAllowed(.get, "only GET is answered here")
        }
        return try route(request, method)
    }

    private static func notAllowed(_ method: Method, _ message: String) -> ControlRefusal {
        ControlRefusal(
            .methodNotAllowed, "method-not-allowed", message, "Send a \(method.rawValue) request",
            allow: method.rawValue)
    }

    private static func refuseBody(_ fields: some Sequence<Substring>) throws(ControlRefusal) {
        for field in fields {
            let parts = field.split(separator: ":", maxSplits: 1)
            let name = (parts.first ?? "").lowercased()
            let isEmpty = name == "content-length" && parts.last?.allSatisfy({ " \t0".contains($0) }) == true
            if name == "transfer-encoding" || name == "content-length" && !isEmpty {
                throw ControlRefusal(.payloadTooLarge, "body-refused", "requests have no body here", "Send none")
            }
        }
    }

    private static func route(_ request: HTTPRequest, _ method: Method) throws(ControlRefusal) -> ControlRequest {
        let steps = request.path.split(separator: "/").map { $0.removingPercentEncodingStrictly ?? "" }
        let query = request.query
        if steps.count == 4, steps[0] == "v1", steps[1] == "sts", steps[3] == "refresh" {
            guard method == .post else { throw notAllowed(.post, "a refresh is an order, not a question") }
            try refuse(query, but: [])
            return .refreshPolicy(try domainName(steps[2]))
        }
        if steps == ["v1", "tlsrpt", "send"] {
            guard method == .post else { throw notAllowed(.post, "sending is an order, not a question") }
            return .sendReports(try reportQuery(query, knowing: ["day", "domain"]))
        }
        guard method == .get else { throw notAllowed(.get, "only GET is answered here") }
        switch (steps.first, steps.dropFirst().first, steps.dropFirst(2).first, steps.count) {
        case ("v1", "status", nil, 2):
            try refuse(query, but: [])
            return .status
        case ("v1", "queue", nil, 2):
            return .queue(try queueQuery(query))
        case ("v1", "queue", let id?, 3):
            try refuse(query, but: [])
            guard let id = QueueID(id) else {
                throw ControlRefusal(
                    .badRequest, "bad-queue-id", "\(LogLine.escaped(id)) is no queue id",
                    "A queue id has \(QueueID.length) letters and digits, as in the log")
            }
            return .show(id)
        case ("v1", "policy", let domain?, 3):
            try refuse(query, but: [])
            return .policy(try domainName(domain))
        case ("v1", "sts", nil, 2):
            return .policies(try policyQuery(query))
        case ("v1", "tlsrpt", nil, 2):
            return .reports(try reportQuery(query, knowing: ["domain", "after", "limit"]))
        case ("v1", "tlsrpt", "preview", 3):
            return .reportPreview(try reportQuery(query, knowing: ["day", "domain", "after", "limit"]))
        default:
            throw ControlRefusal(
                .notFound, "not-found", "there is nothing at \(LogLine.escaped(request.path))",
                "Ask for /v1/status, /v1/queue, /v1/queue/ID, /v1/policy/DOMAIN, /v1/sts or /v1/tlsrpt")
        }
    }

    private static func domainName(_ text: String) throws(ControlRefusal) -> DomainName {
        do throws(DomainNameError) {
            return try DomainName(text)
        } catch {
            throw ControlRefusal(
                .badRequest, "bad-domain", "\(LogLine.escaped(text)) is no domain name",
                "Write it in ASCII, as A-labels")
        }
    }

    private static func queueQuery(_ items: [HTTPRequest.QueryItem]) throws(ControlRefusal) -> QueueQuery {
        try refuse(items, but: ["destination", "sender", "recipient", "limit", "cursor"])
        var query = QueueQuery()
        for item in items {
            if item.value.utf8.count > QueueQuery.textLimit {
                throw ControlRefusal(
                    .badRequest, "too-long", "\(item.name) is too long", "At most \(QueueQuery.textLimit) octets")
            }
            switch item.name {
            case "destination": query.destination = try domainName(item.value)
            case "sender": query.sender = item.value
            case "recipient": query.recipient = item.value
            case "cursor": query.cursor = item.value
            default: query.limit = try limit(item.value, upTo: QueueQuery.limitCeiling)
            }
        }
        return query
    }

    private static func policyQuery(_ items: [HTTPRequest.QueryItem]) throws(ControlRefusal) -> PolicyQuery {
        try refuse(items, but: ["after", "limit"])
        var query = PolicyQuery()
        for item in items {
            switch item.name {
            case "after": query.after = try domainName(item.value)
            default: query.limit = try limit(item.value, upTo: PolicyQuery.limitCeiling)
            }
        }
        return query
    }

    private static func reportQuery(
        _ items: [HTTPRequest.QueryItem], knowing known: [String]
    ) throws(ControlRefusal) -> ReportQuery {
        try refuse(items, but: known)
        var query = ReportQuery()
        for item in items {
            switch item.name {
            case "domain": query.domain = try domainName(item.value)
            case "after": query.after = try domainName(item.value)
            case "limit": query.limit = try limit(item.value, upTo: ReportQuery.limitCeiling)
            default:
                guard let day = ReportDay(text: item.value) else {
                    throw ControlRefusal(
                        .badRequest, "bad-day", "\(LogLine.escaped(item.value)) is no day", "Write it as 2026-11-21")
                }
                query.day = day
            }
        }
        return query
    }

    private static func limit(_ text: String, upTo ceiling: Int) throws(ControlRefusal) -> Int {
        guard let limit = Int(strictly: text), (1...ceiling).contains(limit) else {
            throw ControlRefusal(
                .badRequest, "bad-limit", "\(LogLine.escaped(text)) is no limit", "A number from 1 to \(ceiling)")
        }
        return limit
    }

    private static func refuse(_ items: [HTTPRequest.QueryItem], but known: [String]) throws(ControlRefusal) {
        for item in items where !known.contains(item.name) {
            let list = known.isEmpty ? "None is known here" : "Known are \(known.joined(separator: ", "))"
            throw ControlRefusal(
                .badRequest, "unknown-parameter", "there is no parameter \(LogLine.escaped(item.name))", list)
        }
    }
}

/// A request that is answered with its fault.
struct ControlRefusal: Error, Sendable {
    let answer: ControlAnswer

    init(_ status: HTTPStatusCode, _ code: String, _ message: String, _ cure: String, allow: String = "GET") {
        var answer = ControlAnswer.refused(status, code, message, cure)
        answer.allow = allow
        self.answer = answer
    }
}

extension Substring {
    /// nil where a `%` is not followed by two hexadecimal digits, or the result is not UTF-8.
    fileprivate var removingPercentEncodingStrictly: String? {
        var octets: [UInt8] = []
        var rest = Array(utf8)[...]
        while let octet = rest.popFirst() {
            guard octet == UInt8(ascii: "%") else {
                octets.append(octet)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, digits.allSatisfy({ Unicode.Scalar($0).properties.isASCIIHexDigit }),
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            else { return nil }
            octets.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: octets, as: UTF8.self)
    }
}
