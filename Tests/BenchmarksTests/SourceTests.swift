import Testing

@testable import waxwing_bench

@Suite("What the source sends")
struct SourceSendingTests {
    /// The least that takes any size above it.
    private static let least: Int = {
        do throws(SourceContent.TooSmall) {
            _ = try SourceContent(size: 0, sender: "a@b")
            return 0
        } catch {
            return error.least
        }
    }()

    @Test("a content has the size that was asked for, and nothing to be stuffed", arguments: 0..<200)
    func sizes(more: Int) throws {
        let size = Self.least + more
        let content = try SourceContent(size: size, sender: "a@b")
        #expect(content.octets.count == size)
        let text = String(decoding: content.octets, as: UTF8.self)
        #expect(text.hasSuffix("\r\n") && !text.contains("\r\n."))
        for line in text.split(separator: "\r\n", omittingEmptySubsequences: false) { #expect(line.utf8.count <= 78) }
        #expect(!text.replacing("\r\n", with: "").contains { $0 == "\r" || $0 == "\n" })
    }

    @Test("the sink reads what the source marks")
    func marked() throws {
        let content = try SourceContent(size: 2048, sender: "a@b")
        for marker in [Marker(sequence: 0, nanoseconds: 0), Marker(sequence: .max, nanoseconds: .max - 1)] {
            var octets = content.octets
            octets.withUnsafeMutableBufferPointer {
                if let base = $0.baseAddress { content.writeHead(of: marker, to: base) }
            }
            #expect(
                octets.count == 2048
                    && Array(octets[content.headCount...]) == Array(content.octets[content.headCount...]))
            var reader = MarkerReader()
            octets.withUnsafeBytes { reader.read($0, from: 0, to: $0.count) }
            #expect(reader.marker == marker)
        }
    }

    @Test("envelopes go to all domains in turn")
    func envelopes() {
        let envelopes = SourceEnvelopes(sender: "a@b", domains: ["x", "yy"], size: 99)
        var buffer = OctetBuffer()
        for message in 0..<3 { envelopes.appendRecipient(of: message, to: &buffer) }
        envelopes.appendMail(withSize: true, to: &buffer)
        envelopes.appendMail(withSize: false, to: &buffer)
        let lines = String(buffer).split(separator: "\r\n")
        #expect(lines.prefix(3) == ["RCPT TO:<bench@x>", "RCPT TO:<bench@yy>", "RCPT TO:<bench@x>"])
        #expect(lines.dropFirst(3) == ["MAIL FROM:<a@b> SIZE=99", "MAIL FROM:<a@b>"])
    }

    @Test(
        "patterns of domains",
        arguments: [
            ("d%d.bench", 3, ["d1.bench", "d2.bench", "d3.bench"]), ("p%02d.b", 2, ["p01.b", "p02.b"]),
            ("d.bench", 1, ["d.bench"]), ("d.bench", 2, nil), ("d%x.bench", 2, nil), ("%9d", 2, nil),
            ("a%dd", 1, ["a1d"]),
        ] as [(String, Int, [String]?)])
    func patterns(pattern: String, count: Int, domains: [String]?) {
        #expect(SourceEnvelopes.domains(pattern: pattern, count: count) == domains)
    }

    @Test("a buffer gives back what went in, over many pieces")
    func buffer() {
        var buffer = OctetBuffer()
        var expected = ""
        for round in 0..<300 {
            buffer.append(Array("round \(round) ".utf8))
            expected += "round \(round) "
            buffer.remove(3)
            expected.removeFirst(3)
        }
        #expect(String(buffer) == expected)
        buffer.remove(.max)
        let isEmpty = buffer.isEmpty
        #expect(isEmpty)
        buffer.release()
        buffer.append("again")
        #expect(String(buffer) == "again")
    }
}

@Suite("Which message is next")
struct MessageSupplyTests {
    @Test("all in turn, those put off after their pause, those not taken at once")
    func closed() {
        var supply = MessageSupply(total: 3)
        supply.begin(at: 5)
        #expect(supply.nextMoment == 0)
        #expect(supply.take(at: 10) == MessageSupply.Message(number: 0, due: nil))
        #expect(supply.take(at: 10) == MessageSupply.Message(number: 1, due: nil))
        supply.giveBack(0, isLater: true, at: 10)
        supply.giveBack(1, isLater: false, at: 10)
        #expect(supply.take(at: 10)?.number == 1)
        #expect(supply.take(at: 10)?.number == 2)
        #expect(supply.take(at: 10) == nil)
        #expect(supply.nextMoment == 10 + MessageSupply.pause)
        #expect(supply.take(at: 10 + MessageSupply.pause)?.number == 0)
        #expect(supply.nextMoment == nil)
    }

    @Test("with a rate, none before its time")
    func open() {
        var supply = MessageSupply(total: 3, rate: 1000)
        supply.begin(at: 500)
        supply.begin(at: 900)
        #expect(supply.take(at: 500) == MessageSupply.Message(number: 0, due: 500))
        #expect(supply.take(at: 1_000_499) == nil)
        #expect(supply.nextMoment == 1_000_500)
        #expect(supply.take(at: 9_000_000) == MessageSupply.Message(number: 1, due: 1_000_500))
        #expect(supply.take(at: 9_000_000) == MessageSupply.Message(number: 2, due: 2_000_500))
    }

    @Test("a delay line gives everything back in order, at its time")
    func delays() {
        var line = DelayLine<Int>(nanoseconds: 10)
        for number in 0..<10_000 { line.append(number, at: UInt64(number)) }
        #expect(line.nextDue == 10 && line.popFirst(at: 9) == nil)
        for number in 0..<10_000 { #expect(line.popFirst(at: UInt64(number) + 10) == number) }
        #expect(line.isEmpty && line.count == 0 && line.popFirst(at: .max) == nil)
    }
}
