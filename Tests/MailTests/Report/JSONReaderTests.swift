import Testing

@testable import Mail

/// JSON of strangers (RFC 8259).
@Suite("JSON reader")
struct JSONReaderTests {
    private func read(_ octets: [UInt8]) -> Result<JSONNode, JSONFault> {
        var reader = JSONReader(octets)
        do throws(JSONFault) { return .success(try reader.read()) } catch { return .failure(error) }
    }

    private static func object(_ members: KeyValuePairs<String, JSONNode>) -> JSONNode {
        .object(members.map { JSONNode.Member(name: $0.key, value: $0.value) })
    }

    static let good: [(String, JSONNode)] = [
        ("null", .null), (" true\r\n\t", .bool(true)), ("false", .bool(false)), ("0", .number("0")),
        ("-12.5e+3", .number("-12.5e+3")), ("1E9", .number("1E9")),
        // Leading zeros harm nobody.
        ("007", .number("007")),
        ("[]", .array([])), ("[ ]", .array([])), ("{}", .object([])), ("{ }", .object([])),
        ("[1,[2],{}]", .array([.number("1"), .array([.number("2")]), .object([])])),
        (#"{"a":1,"b":null}"#, object(["a": .number("1"), "b": .null])),
        (#"{ "a" : 1 , "a" : 2 }"#, object(["a": .number("1"), "a": .number("2")])),  // both are kept
        (#""""#, .string("")), (#""\"\\\/\b\f\n\r\t""#, .string("\"\\/\u{8}\u{C}\n\r\t")),
        (#""\u0041\u00e9\ud83d\ude00""#, .string("Aé😀")), ("\"é😀\"", .string("é😀")),
        ("\"a\nb\u{1}\"", .string("a\nb\u{1}")),  // controls, as mailers fold lines within strings
        ("\u{FEFF}{}", .object([])), ("{}\u{0}\u{0}", .object([])),  // a byte order mark, padding
    ]

    @Test("what is JSON, and what nobody is harmed by", arguments: good)
    func reads(text: String, expected: JSONNode) {
        #expect(read(Array(text.utf8)) == .success(expected))
    }

    static let bad: [(String, String, Int)] = [
        ("", "the JSON breaks off", 0), ("   ", "the JSON breaks off", 3), ("nul", "this is not JSON", 0),
        ("hello", "this is not JSON", 0), ("'a'", "this is not JSON", 0), ("<html>", "this is not JSON", 0),
        ("[", "the JSON breaks off", 1), ("[1", "the JSON breaks off", 2), ("[1,", "the JSON breaks off", 3),
        ("[1,]", "this is not JSON", 3), ("[1 2]", "a comma or a closing bracket is due", 3),
        ("{", "the JSON breaks off", 1), (#"{"a"#, "the JSON breaks off within a string", 3),
        (#"{"a""#, "the JSON breaks off", 4), (#"{"a" 1}"#, "a colon is due", 5),
        (#"{"a":}"#, "this is not JSON", 5), ("{a:1}", "a name in quotation marks is due", 1),
        (#"{"a":1,}"#, "a name in quotation marks is due", 7), (#"{"a":1]"#, "a comma or a closing brace is due", 6),
        ("-", "the JSON breaks off", 1), ("1.", "the JSON breaks off", 2), ("1.x", "a digit is due", 2),
        ("1e", "the JSON breaks off", 2), ("1e+", "the JSON breaks off", 3), ("+1", "this is not JSON", 0),
        (#""\"#, "the JSON breaks off within a string", 2),
        (#""\x""#, "a string has an escape that JSON does not know", 3),
        (#""\u12"#, "\\u is due four hexadecimal digits", 3), (#""\u12g4""#, "\\u is due four hexadecimal digits", 3),
        (#""\ud83d\u12""#, "\\u is due four hexadecimal digits", 9),
        ("{} x", "there is something behind the end of the JSON", 3),
        ("{}{}", "there is something behind the end of the JSON", 2),
    ]

    @Test("what is not JSON, and where", arguments: bad)
    func refuses(text: String, words: String, octet: Int) {
        #expect(read(Array(text.utf8)) == .failure(JSONFault(words: words, octet: octet)))
    }

    static let damaged: [([UInt8], String)] = [
        (Array(#""\ud83d""#.utf8), "\u{FFFD}"), (Array(#""\ud83dx""#.utf8), "\u{FFFD}x"),
        (Array(#""\ud83d\ud83d\ude00""#.utf8), "\u{FFFD}😀"), (Array(#""\ude00\u0041""#.utf8), "\u{FFFD}A"),
        (Array(#""\ud83d\u0041""#.utf8), "\u{FFFD}A"), ([0x22, 0xFF, 0x22], "\u{FFFD}"),
        ([0x22, 0xC3, 0x22], "\u{FFFD}"),
    ]

    @Test("RPTF-27 text that is not Unicode is replaced, and that is remembered", arguments: damaged)
    func damage(octets: [UInt8], expected: String) throws {
        var reader = JSONReader(octets)
        #expect(try reader.read() == .string(expected))
        #expect(reader.isDamaged)
        var whole = JSONReader(Array("\"\u{FFFD}\"".utf8))
        #expect(try whole.read() == .string("\u{FFFD}"))
        #expect(!whole.isDamaged, "a stranger may write it")
    }

    @Test("the depth, and one past it")
    func depth() {
        let nested = { (count: Int) in
            Array((String(repeating: "[", count: count) + String(repeating: "]", count: count)).utf8)
        }
        #expect(throws: Never.self) { try read(nested(JSONReader.depthLimit + 1)).get() }
        #expect(
            read(nested(JSONReader.depthLimit + 2))
                == .failure(JSONFault(words: "the JSON is nested more than 32 deep", octet: 33)))
        #expect(throws: JSONFault.self) { try read([UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)).get() }
    }

    @Test("the number of values, and one past it")
    func values() {
        let list = { (count: Int) in Array(("[0" + String(repeating: ",0", count: count - 2) + "]").utf8) }
        #expect(throws: Never.self) { try read(list(JSONReader.valueLimit)).get() }
        #expect(throws: JSONFault.self) { try read(list(JSONReader.valueLimit + 1)).get() }
    }

    @Test("what we write, we read")
    func roundTrip() throws {
        var generator = SeededGenerator(7)
        for _ in 0..<300 {
            let scalars = (0..<20).compactMap { _ in Unicode.Scalar(UInt32.random(in: 0...0x10_FFFF, using: &generator))
            }
            let text = String(
                String.UnicodeScalarView(
                    scalars.filter { $0.value & 0xFFFE != 0xFFFE && !(0xFDD0...0xFDEF).contains($0.value) }))
            #expect(read(JSONText.object(["a": JSONText.string(text)])) == .success(Self.object(["a": .string(text)])))
        }
    }
}

/// Numbers that are the same on each run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
        return bits ^ bits >> 31
    }
}
