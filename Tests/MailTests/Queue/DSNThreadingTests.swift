import Foundation
import Testing

@testable import Mail

/// The sender's mail program shows a notice beside the message it is of (RFC 3834 §3.1.6).
@Suite("DSN threading")
struct DSNThreadingTests {
    static func fields(_ header: String) throws -> [String] {
        let notice = try DSNTests.notice(header: header)
        let end = try #require(notice.range(of: "\r\n\r\n"))
        return notice[..<end.lowerBound].replacingOccurrences(of: "\r\n    ", with: " ").components(separatedBy: "\r\n")
            .filter { $0.hasPrefix("In-Reply-To: ") || $0.hasPrefix("References: ") }
    }

    @Test(
        "DSN-17 In-Reply-To and References come of the original's Message-ID",
        arguments: [
            ("Message-ID: <a@b>\r\n", "<a@b>", "<a@b>", "alone"),
            ("message-id:\r\n <a@b>\r\n", "<a@b>", "<a@b>", "folded, in another case"),
            ("References: <1@b> <2@b>\r\nMessage-ID: <a@b>\r\n", "<a@b>", "<1@b> <2@b> <a@b>", "a thread"),
            ("Message-ID: <a@b>\r\nReferences: <1@b>\r\n <a@b>\r\n", "<a@b>", "<1@b> <a@b>", "itself among them: once"),
            ("Message-ID: <a@b> (x)\r\n", "<a@b>", "<a@b>", "a comment"),
            ("Message-ID: <a@b>\r\nMessage-ID: <c@b>\r\n", "<a@b>", "<a@b>", "the first of two"),
        ])
    func threaded(header: String, reply: String, references: String, why: String) throws {
        #expect(try Self.fields(header) == ["In-Reply-To: \(reply)", "References: \(references)"], "\(why)")
    }

    @Test(
        "what is no plain identifier threads nothing and forges nothing",
        arguments: [
            "Subject: x\r\n", "Message-ID:\r\n", "Message-ID: a@b\r\n", "Message-ID: <a@b\r\n", "Message-ID: <ab>\r\n",
            "Message-ID: <@b>\r\n", "Message-ID: <a@>\r\n", "Message-ID: <a@b@c>\r\n", "Message-ID: <a b@c>\r\n",
            "Message-ID: <a\r\n Bcc: x@b>\r\n", "Message-ID: <ä@b>\r\n", "Message-ID: <<a@b>\r\n",
            "Message-ID: <a@b\rBcc: x>\r\n", "\r\nMessage-ID: <a@b>\r\n",
        ])
    func unthreaded(header: String) throws {
        #expect(try Self.fields(header) == [])
        #expect(!(try DSNTests.notice(header: header)).components(separatedBy: "\r\n--")[0].contains("Bcc"))
    }

    @Test("an identifier at the limit counts, one octet longer does not")
    func identifierLimit() throws {
        let longest = "<" + String(repeating: "x", count: DSN.messageIDLimit - 4) + "@b>"
        #expect(longest.utf8.count == DSN.messageIDLimit)
        #expect(try Self.fields("Message-ID: \(longest)\r\n").count == 2)
        #expect(try Self.fields("Message-ID: <x\(longest.dropFirst())\r\n").isEmpty)
    }

    @Test("of a long thread the first and the newest stay", arguments: [DSN.referenceLimit - 1, DSN.referenceLimit])
    func referenceLimit(count: Int) throws {
        let chain = (0..<count).map { "<\($0)@b>" }
        let fields = try Self.fields("Message-ID: <a@b>\r\nReferences: \(chain.joined(separator: "\r\n "))\r\n")
        let kept = (fields.last ?? "").split(separator: " ").dropFirst().map(String.init)
        #expect(kept.count == DSN.referenceLimit && kept.first == "<0@b>" && kept.last == "<a@b>")
        #expect(kept.dropLast().last == chain.last)
        #expect(kept.contains("<1@b>") == (count < DSN.referenceLimit))
    }
}
