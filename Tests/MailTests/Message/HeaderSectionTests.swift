import Testing

@testable import Mail

struct HeaderSectionTests {
    @Test(
        "Fields and the body's place",
        arguments: [
            ("A: 1\r\nB: 2\r\n\r\nbody", ["A= 1", "B= 2"], 12, 14),
            ("A: 1\r\n folded\r\n\tmore\r\nB:2\r\n\r\n", ["A= 1\r\n folded\r\n\tmore", "B=2"], 27, 29),
            ("\r\nbody", [], 0, 2),
            ("", [], 0, nil),
            ("A: 1\r\n", ["A= 1"], 6, nil),
            ("A: 1", ["A= 1"], 4, nil),
            ("A:", ["A="], 2, nil),
            ("A :1\r\n\r\n", ["A=1"], 6, 8),
            ("no field\r\nA: 1\r\n\r\n", ["=no field", "A= 1"], 16, 18),
            (": x\r\nb d: y\r\n\r\n", ["=: x", "=b d: y"], 13, 15),
            (" lone fold\r\nA: 1\r\n\r\n", ["= lone fold", "A= 1"], 18, 20),
            ("A: 1\nB: 2\r\n\r\n", ["A= 1\nB: 2"], 11, 13),  // A bare LF ends no line.
            ("A: :\r\n\r\n\r\n", ["A= :"], 6, 8),
        ] as [(String, [String], Int, Int?)])
    func fields(text: String, fields: [String], end: Int, bodyOffset: Int?) {
        let bytes = Array(text.utf8)
        let header = HeaderSection(reading: bytes)
        #expect(header.fields.map { "\($0.name)=\(String(decoding: bytes[$0.value], as: UTF8.self))" } == fields)
        #expect(header.end == end)
        #expect(header.bodyOffset == bodyOffset)
        // The ranges follow each other without a gap.
        #expect(header.fields.flatMap { bytes[$0.range] } == Array(bytes[..<end]))
    }

    @Test("Fields by name in any case, in order")
    func named() {
        let header = HeaderSection(reading: Array("Received: 1\r\nreceived: 2\r\nX-Received: 3\r\n\r\n".utf8))
        #expect(header.fields(named: "RECEIVED").map(\.range.lowerBound) == [0, 13])
    }
}
