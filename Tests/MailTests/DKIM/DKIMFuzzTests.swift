import Testing

@testable import Mail

/// Whatever a stranger writes is read or refused; nothing traps, and what is read keeps its promises.
@Suite struct DKIMFuzzTests {
    private static let pieces = [
        "v=1", "a=rsa-sha256", "b=", "bh=", "c=relaxed", "d=example.org", "h=from", "i=@", "l=", "q=dns/txt", "s=sel",
        "t=", "x=",
        "v=DKIM1", "k=ed25519", "p=", "n=", ";", "; ", ":", "=", "\r\n ", "\r\n", "\r", "\n", " ", "\t", "AAAA", "==",
        "@", "<",
        ">", ",", ".", "\"", "\\", "(", ")", "[", "]", "=?", "?=", "?", "utf-8?Q?", "joe", "example.org", "\u{FC}",
        "\u{0}", "9",
        "999999999999", "From:", "DKIM-Signature:", "\r\n\r\n",
    ].map { Array($0.utf8) }

    private static func text(_ random: inout SplitMix) -> [UInt8] {
        var text: [UInt8] = []
        for _ in 0..<Int.random(in: 0...24, using: &random) {
            if Int.random(in: 0..<10, using: &random) == 0 {
                text.append(UInt8.random(in: 0...255, using: &random))
            } else {
                text += pieces[Int.random(in: 0..<pieces.count, using: &random)]
            }
        }
        return text
    }

    /// `text` with one octet changed, taken away or put in.
    private static func mutated(_ text: [UInt8], _ random: inout SplitMix) -> [UInt8] {
        var text = text
        for _ in 0..<Int.random(in: 1...3, using: &random) where !text.isEmpty {
            let place = Int.random(in: 0..<text.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: text.remove(at: place)
            case 1: text.insert(UInt8.random(in: 0...255, using: &random), at: place)
            case 2: text.insert(contentsOf: pieces[Int.random(in: 0..<pieces.count, using: &random)], at: place)
            default: text[place] = UInt8.random(in: 0...255, using: &random)
            }
        }
        return text
    }

    @Test("signatures")
    func signatures() {
        var random = SplitMix(seed: 1)
        let good = Array(
            SignatureTests.field(["i": "j@example.org", "l": "5", "t": "5", "x": "6", "q": "dns/txt"]).utf8)
        var count = 0
        for turn in 0..<30_000 {
            let text = turn.isMultiple(of: 2) ? Self.text(&random) : Self.mutated(good, &random)
            guard let signature = try? DKIMSignature(parsing: text) else { continue }
            count += 1
            #expect(signature.names.contains("from") && signature.bodyHash.count == 32 && !signature.signature.isEmpty)
            #expect(signature.identity?.isCovered(by: signature.signingDomain) ?? true)
        }
        #expect(count > 100, "some are still read")
    }

    @Test("key records")
    func keyRecords() {
        var random = SplitMix(seed: 2)
        let good = Array("v=DKIM1; k=ed25519; s=email:tlsrpt; t=y:s; n=x=20y; p=\(KeyRecordTests.ed25519)".utf8)
        var count = 0
        for turn in 0..<30_000 {
            let text = turn.isMultiple(of: 2) ? Self.text(&random) : Self.mutated(good, &random)
            guard let record = try? DKIMKeyRecord(parsing: text) else { continue }
            count += 1
            let again = try? DKIMKeyRecord(parsing: Array(record.text.utf8))
            #expect(again?.publicKey == record.publicKey && again?.keyType == record.keyType)
        }
        #expect(count > 100, "some are still read")
    }

    @Test("From fields")
    func froms() {
        var random = SplitMix(seed: 3)
        var count = 0
        for turn in 0..<60_000 {
            let good = SignableTests.froms[Int.random(in: 0..<SignableTests.froms.count, using: &random)]
            let text = turn.isMultiple(of: 2) ? Self.text(&random) : Self.mutated(Array(good.value.utf8), &random)
            guard let domain = try? DKIMAuthor.domain(of: text) else { continue }
            count += 1
            #expect(!domain.isEmpty && !domain.hasPrefix(".") && !domain.hasSuffix(".") && !domain.contains("@"))
        }
        #expect(count > 100, "some are still read")
    }

    @Test("whole messages, signed and verified")
    func messages() throws {
        var random = SplitMix(seed: 4)
        let terms = try SigningTests.terms()
        let good = Array("DKIM-Signature: \(SignatureTests.field())\r\n\(SigningTests.message)".utf8)
        var count = 0
        for turn in 0..<10_000 {
            let text = turn.isMultiple(of: 3) ? Self.text(&random) : Self.mutated(good, &random)
            let verification = DKIMVerification(of: text, at: WallTime(seconds: 0))
            let body = DKIMBodyHash(digest: [UInt8](repeating: 0, count: 32), length: 0)
            for check in verification.checks {
                let result = verification.result(of: check, key: .records([Array("p=MAA=".utf8)]), body: body) {
                    _, _, _ in
                    .valid
                }
                #expect(!result.words.isEmpty)
            }
            guard let message = try? DKIMSignable(reading: text) else { continue }
            count += 1
            let plan = DKIMSigningPlan(message, of: text, terms: terms)
            #expect(plan.names.first == "from" && !plan.input(bodyHash: []).isEmpty)
        }
        #expect(count > 100, "some are still signed")
    }
}
