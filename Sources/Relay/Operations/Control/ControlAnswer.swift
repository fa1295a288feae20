import FlyingFox
import FoundationEssentials

/// What goes back over the control socket: a status and a JSON value, or the exposition of the metrics.
struct ControlAnswer: Sendable {
    let status: HTTPStatusCode
    let body: [UInt8]
    /// For 405: what the place takes.
    var allow = "GET"
    var contentType = "application/json"

    /// 200 with `view`.
    static func found(_ view: some Encodable) -> ControlAnswer {
        guard let body = ControlJSON.encode(view) else {
            return .refused(.internalServerError, "internal", "the answer cannot be written as JSON", "Report this")
        }
        return ControlAnswer(status: .ok, body: body)
    }

    /// 200 with text that is not JSON.
    static func text(_ text: String, type: String) -> ControlAnswer {
        // The line end comes with all that is sent.
        ControlAnswer(
            status: .ok, body: Array((text.last == "\n" ? text.dropLast() : text[...]).utf8), contentType: type)
    }

    /// Any other status with the reason and what to do.
    static func refused(_ status: HTTPStatusCode, _ code: String, _ message: String, _ cure: String) -> ControlAnswer {
        let view = ControlErrorEnvelope(error: ControlErrorView(code: code, message: message, cure: cure))
        return ControlAnswer(status: status, body: ControlJSON.encode(view) ?? Array("{}".utf8))
    }

    /// Head and body as they are sent. One answer for each connection.
    var octets: [UInt8] {
        var head = "HTTP/1.1 \(status.code) \(status.phrase)\r\n"
        head += "Content-Type: \(contentType)\r\nContent-Length: \(body.count + 1)\r\nConnection: close\r\n"
        if status == .methodNotAllowed { head += "Allow: \(allow)\r\n" }
        return Array(head.utf8) + Array("\r\n".utf8) + body + [UInt8(ascii: "\n")]
    }
}

/// `{"error": {…}}`
struct ControlErrorEnvelope: Codable, Sendable {
    let error: ControlErrorView
}

/// How views become JSON and JSON views: snake_case keys in alphabetical order, absent where a value is nil.
public enum ControlJSON {
    /// nil where the value has no JSON.
    public static func encode(_ view: some Encodable) -> [UInt8]? {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(view)).map(Array.init)
    }

    static func decode<View: Decodable>(_ type: View.Type, from octets: [UInt8]) -> View? {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try? decoder.decode(type, from: Data(octets))
    }
}
