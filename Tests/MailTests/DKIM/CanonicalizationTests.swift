import Testing

@testable import Mail

/// Header fields and bodies in canonical form (RFC 6376 §3.4).
@Suite struct CanonicalizationTests {
    typealias Form = DKIMCanonicalization.Form

    struct Body: Sendable, CustomTestStringConvertible {
        let body: String
        let simple: String
        let relaxed: String
        let why: String

        init(_ body: String, simple: String, relaxed: String, _ why: String) {
            self.body = body
            self.simple = simple
            self.relaxed = relaxed
            self.why = why
        }

        var testDescription: String { why }

        func expected(_ form: Form) -> String { form == .simple ? simple : relaxed }
    }

    static let bodies = [
        Body(" C \r\nD \t E\r\n\r\n\r\n", simple: " C \r\nD \t E\r\n", relaxed: " C\r\nD E\r\n", "RFC 6376 §3.4.5"),
        Body("", simple: "\r\n", relaxed: "", "an empty body is CRLF, or nothing"),
        Body("\r\n", simple: "\r\n", relaxed: "", "one empty line"),
        Body("\r\n\r\n\r\n", simple: "\r\n", relaxed: "", "empty lines alone"),
        Body(" \t\r\n \r\n", simple: " \t\r\n \r\n", relaxed: "", "lines of blanks are empty when relaxed"),
        Body(" ", simple: " \r\n", relaxed: "", "blanks without a line end"),
        Body("a", simple: "a\r\n", relaxed: "a\r\n", "a last line without its CRLF gets one"),
        Body("a\r\n", simple: "a\r\n", relaxed: "a\r\n", "nothing to do"),
        Body("a\r\n\r\n", simple: "a\r\n", relaxed: "a\r\n", "one empty line at the end"),
        Body(
            "a\r\n\r\n\r\nb\r\n", simple: "a\r\n\r\n\r\nb\r\n", relaxed: "a\r\n\r\n\r\nb\r\n", "empty lines inside stay"
        ),
        Body(
            "a\r\n \r\n\t\r\nb", simple: "a\r\n \r\n\t\r\nb\r\n", relaxed: "a\r\n\r\n\r\nb\r\n",
            "lines of blanks inside"),
        Body("a\r\n \r\n", simple: "a\r\n \r\n", relaxed: "a\r\n", "a line of blanks at the end"),
        Body("\r\n\r\na\r\n", simple: "\r\n\r\na\r\n", relaxed: "\r\n\r\na\r\n", "empty lines at the start stay"),
        Body(" a\r\n", simple: " a\r\n", relaxed: " a\r\n", "blanks at the start of a line become one"),
        Body("\t\t a\r\n", simple: "\t\t a\r\n", relaxed: " a\r\n", "tabs too"),
        Body("a \t b  c\td\r\n", simple: "a \t b  c\td\r\n", relaxed: "a b c d\r\n", "runs inside"),
        Body("a \r\n", simple: "a \r\n", relaxed: "a\r\n", "one blank before the line end"),
        Body("a\t\r\n", simple: "a\t\r\n", relaxed: "a\r\n", "one tab before the line end"),
        Body("a  ", simple: "a  \r\n", relaxed: "a\r\n", "blanks before an end without CRLF"),
        Body("a\rb\r\n", simple: "a\rb\r\n", relaxed: "a\rb\r\n", "a bare CR is an octet"),
        Body("a\r", simple: "a\r\r\n", relaxed: "a\r\r\n", "and one at the end"),
        Body("a\r\r\n", simple: "a\r\r\n", relaxed: "a\r\r\n", "and one before CRLF"),
        Body("a \r b\r\n", simple: "a \r b\r\n", relaxed: "a \r b\r\n", "and one between blanks"),
        Body("a\nb\n\n", simple: "a\nb\n\n\r\n", relaxed: "a\nb\n\n\r\n", "a bare LF is an octet"),
        Body("a \n", simple: "a \n\r\n", relaxed: "a \n\r\n", "and ends no line"),
        Body("\r\n\r", simple: "\r\n\r\r\n", relaxed: "\r\n\r\r\n", "a bare CR behind an empty line"),
        Body(".\r\n..\r\n", simple: ".\r\n..\r\n", relaxed: ".\r\n..\r\n", "DKIM-13 dots are not stuffed"),
        Body(
            "0123456 8\r\n01234567 \t9\r\n", simple: "0123456 8\r\n01234567 \t9\r\n",
            relaxed: "0123456 8\r\n01234567 9\r\n", "blanks on the borders of words of eight"),
        Body("\u{E4}  \u{F6}\r\n", simple: "\u{E4}  \u{F6}\r\n", relaxed: "\u{E4} \u{F6}\r\n", "octets of UTF-8"),
    ]

    @Test("DKIM-11 bodies, whole, byte by byte and in pieces of every size", arguments: bodies)
    func body(_ aCase: Body) {
        for form in Form.allCases {
            let octets = Array(aCase.body.utf8)
            for size in 1...max(1, octets.count) {
                let canonical = canonicalBody(octets, form, sizes: [size])
                #expect(
                    String(decoding: canonical, as: UTF8.self) == aCase.expected(form), "\(form), pieces of \(size)")
            }
        }
    }

    @Test("DKIM-11 hostile bodies agree with the naive reading of the RFC, however they are cut")
    func property() {
        var random = SplitMix(seed: 6376)
        let alphabet = Array("  \t\r\n\r\nab".utf8)
        for _ in 0..<20_000 {
            var body: [UInt8] = []
            for _ in 0..<Int.random(in: 0...60, using: &random) {
                switch Int.random(in: 0..<8, using: &random) {
                case 0: body += Array("\r\n".utf8)
                case 1: body += Array("words of text".utf8)
                case 2: body.append(UInt8.random(in: 0...255, using: &random))
                default: body.append(alphabet[Int.random(in: 0..<alphabet.count, using: &random)])
                }
            }
            for form in Form.allCases {
                let expected = naiveBody(body, form)
                let sizes = (0..<4).map { _ in Int.random(in: 1...20, using: &random) }
                #expect(canonicalBody(body, form, sizes: sizes) == expected, "\(form): \(body)")
                #expect(canonicalBody(body, form, sizes: [body.count + 1]) == expected, "\(form): \(body)")
            }
        }
    }

    @Test("a million empty lines take no memory, and come out where something follows")
    func emptyLines() {
        let piece = Array(repeatElement(Array("\r\n".utf8), count: 50_000).joined())
        for form in Form.allCases {
            var canonicalizer = DKIMBodyCanonicalizer(form)
            var count = 0
            let emit: (UnsafeRawBufferPointer) -> Void = { count += $0.count }
            for _ in 0..<20 { piece.withUnsafeBytes { canonicalizer.update($0, emit) } }
            #expect(count == 0)
            [UInt8(ascii: "x")].withUnsafeBytes { canonicalizer.update($0, emit) }
            #expect(canonicalizer.length == 2_000_001)
            canonicalizer.finish(emit)
            #expect(count == 2_000_003 && canonicalizer.length == 2_000_003)
        }
    }

    @Test("l= hands out so many octets and counts all", arguments: [0, 1, 4, 5, 6, 7, 100])
    func limit(_ limit: UInt64) {
        var canonicalizer = DKIMBodyCanonicalizer(.relaxed, limit: limit)
        var octets: [UInt8] = []
        for piece in ["a  b", "\r\n", "c "] {
            Array(piece.utf8).withUnsafeBytes { canonicalizer.update($0) { octets += $0 } }
        }
        canonicalizer.finish { octets += $0 }
        let whole = Array("a b\r\nc\r\n".utf8)
        #expect(octets == Array(whole.prefix(Int(limit))))
        #expect(canonicalizer.length == UInt64(whole.count))
    }

    struct Field: Sendable {
        let field: String
        let relaxed: String
        let why: String

        init(_ field: String, _ relaxed: String, _ why: String) {
            self.field = field
            self.relaxed = relaxed
            self.why = why
        }
    }

    @Test(
        "DKIM-10 header fields",
        arguments: [
            Field("A: X\r\n", "a:X\r\n", "RFC 6376 §3.4.5"),
            Field("B : Y\t\r\n\tZ  \r\n", "b:Y Z\r\n", "RFC 6376 §3.4.5, with blanks round the colon and a fold"),
            Field("SUBJect:AbC\r\n", "subject:AbC\r\n", "the value keeps its case"),
            Field("A:\r\n", "a:\r\n", "an empty value"),
            Field("A:  \r\n", "a:\r\n", "a value of blanks"),
            Field("A: \r\n \r\n B\r\n", "a:B\r\n", "a fold with nothing on its line"),
            Field("A: x\r\n \r\n", "a:x\r\n", "a fold with nothing behind it"),
            Field("A: b : c\r\n", "a:b : c\r\n", "only the first colon counts"),
            Field("A: b  \t c\r\n", "a:b c\r\n", "runs become one space"),
            Field("A: b\rc\r\n", "a:b\rc\r\n", "a bare CR is an octet"),
            Field("A: \u{FC}\r\n", "a:\u{FC}\r\n", "octets of UTF-8"),
            Field("A: x", "a:x\r\n", "the last CRLF is there in any case"),
        ])
    func field(_ aCase: Field) {
        let octets = Array(aCase.field.utf8)
        #expect(String(decoding: Form.relaxed.field(octets[...]), as: UTF8.self) == aCase.relaxed, "\(aCase.why)")
        let simple = aCase.field.hasSuffix("\r\n") ? aCase.field : aCase.field + "\r\n"
        #expect(String(decoding: Form.simple.field(octets[...]), as: UTF8.self) == simple, "simple changes nothing")
    }

    @Test(
        "DKIM-12 c= and its halves",
        arguments: [
            ("simple/simple", "simple/simple"), ("relaxed/simple", "relaxed/simple"),
            ("simple/relaxed", "simple/relaxed"),
            ("relaxed/relaxed", "relaxed/relaxed"), ("relaxed", "relaxed/simple"), ("simple", "simple/simple"),
            ("", nil), ("/", nil), ("relaxed/", nil), ("/relaxed", nil), ("nofws", nil),
            ("relaxed/relaxed/relaxed", nil),
            ("Relaxed", nil), ("relaxed / simple", nil),
        ] as [(String, String?)])
    func halves(_ text: String, _ read: String?) {
        #expect(DKIMCanonicalization(tag: Array(text.utf8)[...])?.description == read)
    }
}

/// `body` in canonical form, fed in pieces of `sizes`, over and over.
func canonicalBody(_ body: [UInt8], _ form: DKIMCanonicalization.Form, sizes: [Int]) -> [UInt8] {
    var canonicalizer = DKIMBodyCanonicalizer(form)
    var octets: [UInt8] = []
    var rest = body[...]
    var turn = 0
    while !rest.isEmpty {
        let piece = rest.prefix(sizes[turn % sizes.count])
        // In memory of its own, so that reading past the piece is found.
        Array(piece).withUnsafeBytes { canonicalizer.update($0) { octets += $0 } }
        rest = rest.dropFirst(piece.count)
        turn += 1
    }
    canonicalizer.finish { octets += $0 }
    #expect(canonicalizer.length == UInt64(octets.count))
    return octets
}

/// The words of RFC 6376 §3.4.3 and §3.4.4, one after the other.
func naiveBody(_ body: [UInt8], _ form: DKIMCanonicalization.Form) -> [UInt8] {
    var lines: [[UInt8]] = [[]]
    var index = 0
    while index < body.count {
        if body[index...].starts(with: [13, 10]) {
            lines.append([])
            index += 2
        } else {
            lines[lines.count - 1].append(body[index])
            index += 1
        }
    }
    if form == .relaxed {
        lines = lines.map { line in
            var reduced: [UInt8] = []
            for byte in line {
                let isBlank = byte == 32 || byte == 9
                if isBlank, reduced.last == 32 { continue }
                reduced.append(isBlank ? 32 : byte)
            }
            if reduced.last == 32 { reduced.removeLast() }
            return reduced
        }
    }
    while lines.last?.isEmpty == true { lines.removeLast() }
    if lines.isEmpty { return form == .simple ? [13, 10] : [] }
    return lines.flatMap { $0 + [13, 10] }
}
