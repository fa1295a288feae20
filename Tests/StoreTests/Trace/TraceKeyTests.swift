import Mail
import Testing

@testable import Store

@Suite struct TraceKeyTests {
    @Test(
        "What a person wrote is read as what it may be",
        arguments: [
            ("0123456789bcdfghjklm", .id(QueueID("0123456789bcdfghjklm"))),
            ("0123456789bcdfghjkl", .text("0123456789bcdfghjkl")),  // one letter short
            ("a@b", .text("a@b")),
            ("<a@b>", .text("<a@b>")),
            ("", nil), ("<>", nil), ("a\nb", nil), ("a\u{7F}", nil),
            (String(repeating: "a", count: TraceLimits.name), .text(String(repeating: "a", count: TraceLimits.name))),
            (String(repeating: "a", count: TraceLimits.name + 1), nil),
        ] as [(String, Expected?)])
    func parsing(text: String, expected: Expected?) {
        #expect(TraceKey(parsing: text) == expected?.key)
    }

    enum Expected: Sendable {
        case id(QueueID?)
        case text(String)

        var key: TraceKey? {
            switch self {
            case .id(let id): id.map { .id($0) }
            case .text(let text): .text(text)
            }
        }
    }
}
