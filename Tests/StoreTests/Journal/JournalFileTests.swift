import Testing

@testable import Store

@Suite struct JournalFileTests {
    private static let frame = JournalFrame(salt: 0x1234_5678_9ABC_DEF5)

    private static func segment(_ payloads: [(UInt64, [UInt8])], length: Int = 4096) -> [UInt8] {
        var bytes: [UInt8] = []
        for (generation, payload) in payloads { frame.put(generation, into: &bytes) { $0 += payload } }
        return bytes + [UInt8](repeating: 0, count: max(0, length - bytes.count))
    }

    private static func records(in bytes: [UInt8], after generation: UInt64 = 0) -> JournalFrame.Found {
        frame.records(in: bytes, after: generation, segmentBytes: 65_536)
    }

    private static func payloads(_ count: Int) -> [[UInt8]] {
        (0..<count).map { number in (0..<(number * 13 + 1)).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ number) } }
    }

    @Test("What was framed is found, in order, and what an older generation left behind it is not")
    func found() {
        let new = Self.payloads(7)
        let old = Self.payloads(20)
        var bytes = Self.segment(old.map { (3, $0) }, length: 8192)
        let over = Self.segment(new.map { (4, $0) }, length: 0)
        bytes.replaceSubrange(0..<over.count, with: over)
        let found = Self.records(in: bytes, after: 3)
        #expect(found.newest == 4 && found.gaps == 0)
        #expect(found.generations.mapValues { $0.map(Array.init) } == [4: new])
        // And nothing once the tables have it.
        #expect(Self.records(in: bytes, after: 4).generations.isEmpty)
    }

    @Test("A record within a letter is none: its writer does not know the mark")
    func forged() {
        var letter: [UInt8] = []
        let forger = JournalFrame(salt: Self.frame.salt ^ (1 << 40))
        for _ in 0..<50 { forger.put(7, into: &letter) { $0 += [1, 2, 3] } }
        var bytes: [UInt8] = []
        Self.frame.put(3, into: &bytes) { $0 += letter }
        // A newer, shorter one over the start of it.
        var over: [UInt8] = []
        Self.frame.put(4, into: &over) { $0 += [9] }
        bytes.replaceSubrange(0..<over.count, with: over)
        #expect(Self.records(in: bytes, after: 3).generations.mapValues { $0.map(Array.init) } == [4: [[9]]])
    }

    @Test("A life of the store is known by what begins a segment, and by nothing that stands elsewhere")
    func lives() {
        let later = JournalFrame(salt: 0xFEDC_BA98_7654_3210)
        let forger = JournalFrame(salt: 77)
        var bytes: [UInt8] = []
        var letter: [UInt8] = []
        forger.put(99, into: &letter) { $0 += [1, 2, 3] }
        Self.frame.put(5, into: &bytes) { $0 += letter }
        forger.put(98, into: &bytes) { $0 += [1] }
        for (frame, generation) in [(later, UInt64(7)), (Self.frame, 4), (later, 6)] {
            bytes += [UInt8](repeating: 0, count: 4096 - bytes.count % 4096)
            frame.put(generation, into: &bytes) { $0 += letter }
        }
        // Cut off in the midst of the first record of a segment, and of its head.
        for length in [4096 - bytes.count % 4096, 4096 + 16] {
            let lives = JournalFrame.lives(in: bytes + [UInt8](repeating: 0, count: length), segmentBytes: 4096)
            #expect(lives.map(\.salt) == [Self.frame.salt, later.salt] && lives.allSatisfy(\.damaged.isEmpty))
        }
        #expect(JournalFrame.lives(in: bytes, segmentBytes: 0).isEmpty)
        #expect(JournalFrame.lives(in: [UInt8](repeating: 0, count: 10), segmentBytes: 4096).isEmpty)
    }

    @Test("A generation or a length that nobody writes is no record")
    func beyond() {
        var bytes: [UInt8] = []
        Self.frame.put(JournalFrame.generationLimit, into: &bytes) { $0 += [1] }
        Self.frame.put(0, into: &bytes) { $0 += [1] }
        Self.frame.put(5, into: &bytes) { $0 += [UInt8](repeating: 1, count: JournalBounds.record + 1) }
        #expect(Self.records(in: bytes).generations.isEmpty)
        Self.frame.put(JournalFrame.generationLimit - 1, into: &bytes) {
            $0 += [UInt8](repeating: 1, count: JournalBounds.record)
        }
        #expect(Self.records(in: bytes).generations.count == 1)
    }

    @Test("Nothing, or octets at random, hold no record")
    func nothing() {
        #expect(Self.records(in: []).generations.isEmpty)
        #expect(Self.records(in: [UInt8](repeating: 0, count: 4096)).generations.isEmpty)
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<50 {
            let octets = (0..<4096).map { _ in UInt8.random(in: 0...255, using: &generator) }
            #expect(Self.records(in: octets).generations.isEmpty)
        }
    }

    @Test("Cut off at each octet, the records before it are found whole")
    func torn() {
        let payloads = Self.payloads(4)
        let whole = Self.segment(payloads.map { (9, $0) }, length: 0)
        var ends: [Int] = []
        var bytes: [UInt8] = []
        for payload in payloads {
            Self.frame.put(9, into: &bytes) { $0 += payload }
            // Padding may be lost: it says nothing.
            ends.append(bytes.count - (bytes.count - JournalFrame.headOctets - payload.count) % JournalFrame.alignment)
        }
        for cut in 0...whole.count {
            let rest = Array(whole.prefix(cut)) + [UInt8](repeating: 0, count: 512)
            let count = Self.records(in: rest).generations[9]?.count ?? 0
            // Octets that are 0 anyway may be missing.
            #expect(count >= ends.count { $0 <= cut } && count <= ends.count { $0 <= cut + 16 })
        }
    }

    @Test("A flipped bit anywhere: the others are found, nothing else is, and the place is told")
    func flipped() {
        let payloads = Self.payloads(5)
        let whole = Self.segment(payloads.map { (2, $0) }, length: 0)
        for place in whole.indices {
            var bytes = whole
            bytes[place] ^= 0x10
            let found = Self.records(in: bytes)
            let records = found.generations[2]?.map(Array.init) ?? []
            #expect(records.count >= payloads.count - 1)
            #expect(records.allSatisfy(payloads.contains))
            // Behind the last one nobody knows that there was more.
            if records.count < payloads.count, records.last == payloads.last { #expect(found.gaps == 1) }
        }
    }

    @Test("What a record holds, cut off or changed, is refused and never traps")
    func decoding() throws {
        let fixture = try Fixture.message(to: ["a.example", "b.example"])
        let numbers = NumberSource(message: 5, recipient: 9)
        let (insertion, queued) = try MessageRows.insertion(of: fixture, numbers)
        let handed = Fixture.handOver(queued, session: true)
        let settled = try #require(FreshSettlement(handed, of: insertion))
        for record in [JournalRecord.enqueued(insertion), .settled(settled)] {
            var bytes: [UInt8] = []
            record.write(to: &bytes)
            var again: [UInt8] = []
            var reading = JournalBytes(bytes[...])
            try JournalRecord(&reading).write(to: &again)
            #expect(again == bytes && reading.isAtEnd)
            for cut in bytes.indices {
                var short = JournalBytes(bytes[..<cut])
                #expect(throws: DamagedRow.self) { try JournalRecord(&short) }
            }
            var generator = SystemRandomNumberGenerator()
            for _ in 0..<2000 {
                var changed = bytes
                changed[Int.random(in: changed.indices, using: &generator)] = UInt8.random(
                    in: 0...255, using: &generator)
                var reading = JournalBytes(changed[...])
                _ = try? JournalRecord(&reading)
            }
        }
    }
}
