import Testing

@testable import Mail

/// Texts a stranger could publish: whatever they are, reading them ends, and what was read reads the same again.
@Suite struct STSFuzzTests {
    private static let policies = [
        "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\n",
        "version:STSv1\nmode:\ttesting\nmx: a.b\nmax_age: 9999999999\nfoo: ü x\n",
        "version: STSv1\nmode: none\nmax_age: 0",
    ]
    private static let stsRecords = ["v=STSv1; id=20160831085700Z;", "v=STSv1;id=1; a.b=c \t; d=e"]
    private static let tlsrptRecords = [
        "v=TLSRPTv1; rua=mailto:a%2Bb@example.com , https://[2001:db8::1]:8443/r?x=y; ext=1;",
        "v=TLSRPTv1;rua=mailto:a@b",
    ]
    /// Octets that mean something to one of the grammars, and some that mean nothing.
    private static let spice = Array(";:=,*.%-_ \t\r\n\0\u{7F}@[]\"xZ0".utf8) + [0x80, 0xC3, 0xEF, 0xFF]

    private static func mutant(of text: [UInt8], using generator: inout SplitMix) -> [UInt8] {
        var text = text
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let place = Int.random(in: 0...text.count, using: &generator)
            let octet = spice.randomElement(using: &generator) ?? 0
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: text.insert(octet, at: place)
            case 1: if place < text.count { text.remove(at: place) }
            case 2: if place < text.count { text[place] = octet }
            case 3: text.insert(contentsOf: text.prefix(Int.random(in: 0...text.count, using: &generator)), at: place)
            default: text.removeLast(Int.random(in: 0...min(8, text.count), using: &generator))
            }
        }
        return text
    }

    private static func checkPolicy(_ text: [UInt8]) -> Bool {
        guard let policy = try? STSPolicy(parsing: text) else { return false }
        #expect((0...STSPolicy.maxAgeLimit).contains(policy.maxAge))
        #expect(policy.mode == .none || !policy.patterns.isEmpty)
        #expect(policy.patterns.allSatisfy { $0.name.isHostName })
        let lines = policy.patterns.map { "mx: \($0)\n" }.joined()
        let plain = "version: STSv1\nmode: \(policy.mode.rawValue)\nmax_age: \(policy.maxAge)\n\(lines)"
        #expect((try? STSPolicy(parsing: Array(plain.utf8))) == policy, "\(String(decoding: text, as: UTF8.self))")
        return true
    }

    private static func checkRecord(_ text: [UInt8]) -> Bool {
        guard case .found(let record) = STSRecord.read([text]) else { return false }
        #expect(STSRecord.read([Array("v=STSv1;id=\(record.id)".utf8)]) == .found(record))
        #expect(STSRecord.read([text, text]).value == nil)
        return true
    }

    private static func checkReports(_ text: [UInt8]) -> Bool {
        guard case .found(let record) = TLSRPTRecord.read([text]) else { return false }
        let list = record.rua.map(\.uri).joined(separator: ",")
        #expect(list.isEmpty || TLSRPTRecord.read([Array("v=TLSRPTv1;rua=\(list)".utf8)]) == .found(record))
        return true
    }

    @Test("Every text cut short and every octet left out or changed is read to an end")
    func octetByOctet() {
        func each(of texts: [String], _ check: ([UInt8]) -> Bool) {
            for text in texts.map({ Array($0.utf8) }) {
                #expect(check(text))
                for place in text.indices {
                    _ = check(Array(text[..<place]))
                    _ = check(Array(text[..<place] + text[(place + 1)...]))
                    for octet in Self.spice {
                        var changed = text
                        changed[place] = octet
                        _ = check(changed)
                    }
                }
            }
        }
        each(of: Self.policies, Self.checkPolicy)
        each(of: Self.stsRecords, Self.checkRecord)
        each(of: Self.tlsrptRecords, Self.checkReports)
    }

    @Test(
        "Thousands of mutants are read to an end; some are valid, and read the same again",
        arguments: [1, 2, 3, 4] as [UInt64])
    func mutants(seed: UInt64) {
        var generator = SplitMix(seed: seed)
        func valid(of texts: [String], _ check: ([UInt8]) -> Bool) -> Int {
            (0..<3000).count { _ in
                check(Self.mutant(of: Array((texts.randomElement(using: &generator) ?? "").utf8), using: &generator))
            }
        }
        // A generator that makes nothing but rubbish, or nothing but good texts, would prove nothing.
        #expect((50...2950).contains(valid(of: Self.policies, Self.checkPolicy)))
        #expect((50...2950).contains(valid(of: Self.stsRecords, Self.checkRecord)))
        #expect((50...2950).contains(valid(of: Self.tlsrptRecords, Self.checkReports)))
    }

    @Test("RDATA of random octets is joined or void, and long hostile texts take no time to speak of")
    func random() {
        var generator = SplitMix(seed: 5)
        for _ in 0..<3000 {
            let octets = (0..<Int.random(in: 0...600, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            if let joined = TXTRecord.joined(rdata: octets) { #expect(joined.count < octets.count) }
            _ = STSRecordFacts(reading: txtAnswer(.records([octets])))
        }
        for filler in [";", " ", "=", "a", "a=b;", ";a=b ", ",", "%41"] {
            let long = Array(repeatElement(Array(filler.utf8), count: 60_000 / filler.utf8.count).joined())
            #expect(STSRecord.read([Array("v=STSv1;".utf8) + long]).value == nil)
            _ = TLSRPTRecord.read([Array("v=TLSRPTv1; rua=mailto:a@b,".utf8) + long])
            #expect((try? STSPolicy(parsing: long)) == nil)
        }
        #expect((try? STSPolicy(parsing: [UInt8](repeating: ASCII.lineFeed, count: STSPolicy.textLimit))) == nil)
    }

    @Test("Whatever happens in whatever order: no policy out of its time, none lost in its time, no storm of fetches")
    func histories() {
        var generator = SplitMix(seed: 7)
        let texts = [enforcePolicy, testingPolicy, nonePolicy, Array("junk".utf8)]
        for _ in 0..<300 {
            var world = STSWorld(STSSettings(refresh: Int64.random(in: 0...200_000, using: &generator)))
            for _ in 0..<60 {
                let before = world.entry?.inForce(at: world.now)
                switch Int.random(in: 0..<9, using: &generator) {
                case 0: world.record = .absent("gone")
                case 1: world.record = .failed("SERVFAIL")
                case 2, 3: world.record = .found(id: "\(Int.random(in: 1...3, using: &generator))")
                case 4: world.host = .failure(STSWorld.unreachable)
                case 5: world.host = .success(texts.randomElement(using: &generator) ?? [])
                case 6: world.refresh()
                case 7: world.wait(Int64.random(in: -10_000...400_000, using: &generator))
                default:
                    let fetches = world.fetches
                    let facts = world.mail()
                    #expect(world.fetches - fetches <= 1)
                    #expect(facts.held.map { world.now < $0.expiresAt } ?? true)
                    #expect(before == nil || facts.held != nil, "what is in force is never lost by mail")
                    #expect(!(facts.isUnknown && facts.held != nil))
                    let again = world.fetches
                    #expect(world.mail().held == facts.held && world.fetches == again, "the same second asks no more")
                }
            }
        }
    }
}
