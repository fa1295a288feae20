import FlyingFox
import Mail

/// A question to the control socket, or one of the orders it takes.
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
    /// A POST.
    case order(QueueOrder)
    case destinations(limit: Int, suspendedOnly: Bool)
    /// A POST; `reason` may be absent.
    case suspend(DestinationName, seconds: Int64?, reason: String?)
    /// A POST.
    case resume(DestinationName)
    case holds
    /// A POST.
    case addHold(HoldOrder, reason: String?)
    /// A POST.
    case removeHold(Int64)
    case trace(key: String, limit: Int)
    case explain(key: String, limit: Int)
    case bundle(key: String)
    /// A POST.
    case reload
    case metrics
    case exceptions(ExceptionRequest)
    /// A POST, whose body is the configuration.
    case simulate(SimulationQuery)
    case alarms(AlarmQuery)
    /// A POST.
    case acknowledgeAlarm(Int64, words: String?)
    case doctor
    case history(DomainName, before: Int64?, limit: Int)
    case forecast(seconds: Int64?)
    case proof(ProofRequest)

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
        let parts = words[1].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        // Before anything else is said: whoever sends a body where none is taken has mistaken the place.
        if parts[0] != ControlBody.place { try ControlBody.refuse(lines.dropFirst()) }
        // FlyingFox decodes what is percent-encoded.
        let request = HTTPRequest(
            method: .GET, version: .http11,
            target: HTTPRequest.Target(path: String(parts[0]), query: parts.count > 1 ? String(parts[1]) : ""),
            headers: [:], body: HTTPBodySequence())
        let steps = request.path.split(separator: "/").map { $0.removingPercentEncodingStrictly ?? "" }
        guard steps.first == "v1", let place = ControlPlace(steps.dropFirst()) else {
            guard words[0] == "GET" else { throw ControlRefusal.notAllowed("GET", "only GET is answered here") }
            throw ControlRefusal(
                .notFound, "not-found", "there is nothing at \(LogLine.escaped(request.path))",
                "Ask for one of \(ControlPlace.questions.joined(separator: ", "))")
        }
        let method = place.isOrder ? "POST" : "GET"
        guard words[0] == method else {
            throw .notAllowed(
                method, place.isOrder ? "this is an order, not a question" : "only GET is answered here")
        }
        return try place.request(request.query)
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

    static func notAllowed(_ method: String, _ message: String) -> ControlRefusal {
        ControlRefusal(
            .methodNotAllowed, "method-not-allowed", message, "Send a \(method) request", allow: method)
    }

    /// 400: a value that is none.
    static func bad(_ code: String, _ value: some StringProtocol, _ problem: String, _ cure: String) -> ControlRefusal {
        ControlRefusal(.badRequest, code, "\(LogLine.escaped(String(value))) \(problem)", cure)
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
