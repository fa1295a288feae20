import Mail
import Testing

@testable import TLS

/// Which records count, and how several go together.
@Suite struct DANERecordTests {
    let pki = try? TestPKI.shared()

    @Test("DANE-24 usages 0 and 1 never reach OpenSSL: alone they fail closed, mixed they are ignored")
    func webPKIUsages() throws {
        let pki = try #require(pki)
        let anchored = try pki.root.record(0, 0, 1)
        let pinned = try pki.leaf.record(1, 1, 1)
        let error = #expect(throws: TLSError.self) { try handshake(presenting: [pki.leaf], [anchored, pinned]) }
        #expect(error?.kind == .requirement)
        // CVE-2026-28387: 0 and 1 mixed with 2.
        let chain = [pki.leaf, pki.intermediate, pki.root]
        #expect(try handshake(presenting: chain, [anchored, pinned, pki.root.record(2, 0, 1)]).depth == 2)
        #expect(
            try handshake(presenting: chain, [anchored, pinned, pki.root.record(2, 0, 1).mismatching]).fault != nil)
    }

    struct Unusable: CustomTestStringConvertible, Sendable {
        let record: TLSARecord
        let testDescription: String
        init(_ why: String, _ usage: UInt8, _ selector: UInt8, _ matchingType: UInt8, _ count: Int) {
            record = TLSARecord(
                usage: usage, selector: selector, matchingType: matchingType, data: [UInt8](repeating: 7, count: count))
            testDescription = why
        }
    }

    static let unusable = [
        Unusable("PKIX-TA", 0, 0, 1, 32),
        Unusable("PKIX-EE", 1, 1, 1, 32),
        Unusable("usage 4 is unassigned", 4, 1, 1, 32),
        Unusable("usage 255 is private", 255, 1, 1, 32),
        Unusable("selector 2 is unassigned", 3, 2, 1, 32),
        Unusable("matching type 3 is unassigned", 3, 1, 3, 48),
        Unusable("matching type 9 is unassigned", 3, 1, 9, 32),
        Unusable("SHA2-256 with 31 octets", 3, 1, 1, 31),
        Unusable("SHA2-256 with 33 octets", 3, 1, 1, 33),
        Unusable("SHA2-256 without data", 3, 1, 1, 0),
        Unusable("SHA2-512 with 63 octets", 3, 1, 2, 63),
        Unusable("SHA2-512 with 65 octets", 3, 1, 2, 65),
        Unusable("Full without data", 3, 0, 0, 0),
        Unusable("Full that is no certificate", 3, 0, 0, 100),
        Unusable("Full that is no key", 3, 1, 0, 100),
        Unusable("Full that is no certificate, as an anchor", 2, 0, 0, 100),
        Unusable("Full that is no key, as an anchor", 2, 1, 0, 100),
    ]

    @Test("DANE-25 DANE-26 an unusable record spoils itself only", arguments: unusable)
    func alone(_ row: Unusable) throws {
        let pki = try #require(pki)
        let good = try pki.leaf.record(3, 1, 1)
        let context = try Contexts.dane
        #expect(try context.usableRecords(of: [row.record, good]) == [good])
        #expect(try context.usableRecords(of: [row.record]).isEmpty)
        #expect(try handshake(presenting: [pki.leaf], [row.record, good]).matched == good)
        let error = #expect(throws: TLSError.self) { try handshake(presenting: [pki.leaf], [row.record]) }
        #expect(error?.kind == .requirement)
    }

    @Test("DANE-26 a certificate with an octet too many or too few is unusable")
    func trailingOctets() throws {
        let pki = try #require(pki)
        let der = pki.root.der
        for data in [der + [0], Array(der.dropLast()), Array(der.dropFirst())] {
            let record = TLSARecord(usage: 2, selector: 0, matchingType: 0, data: data)
            #expect(try Contexts.dane.usableRecords(of: [record]).isEmpty)
        }
    }

    @Test("DANE-42 the success of any usable record suffices")
    func mixed() throws {
        let pki = try #require(pki)
        let chain = [pki.leaf, pki.intermediate, pki.root]
        let stale = try pki.leaf.record(3, 1, 1).mismatching
        let anchor = try pki.root.record(2, 0, 1)
        #expect(try handshake(presenting: chain, [stale, anchor]).matched == anchor)
        #expect(try handshake(presenting: chain, [anchor, stale]).matched == anchor)
        let leaf = try pki.leaf.record(3, 1, 1)
        #expect(try handshake(presenting: chain, [anchor.mismatching, leaf]).matched == leaf)
        #expect(try handshake(presenting: chain, [anchor.mismatching, stale]).fault != nil)
    }

    @Test("TLS-12 the check of our own listener objects to a key that is used before its 3 1 1 is published")
    func keyChange() throws {
        let pki = try #require(pki)
        let base = try DomainName("mx.example.com")
        let next = try pki.leaf { $0.names = ["mx.example.com"] }
        let (old, new) = (try pki.leaf.record(3, 1, 1), try next.record(3, 1, 1))
        func check(_ leaf: TestCertificate, _ records: [TLSARecord]) throws -> DANECheck {
            try DANECheck(
                chain: leaf.pem,
                reference: DANEReference(baseDomain: base, records: records, referenceIdentifiers: [base]),
                context: Contexts.dane)
        }
        guard case .refused(.noMatchingTLSA, _) = try check(next, [old]) else {
            Issue.record("a key that nobody published")
            return
        }
        // RFC 7671 §8.1: while both are published either key may serve.
        #expect(try check(pki.leaf, [old, new]) == .verified(matched: old, depth: 0))
        #expect(try check(next, [old, new]) == .verified(matched: new, depth: 0))
        // What `relayctl probe` shows of a certificate is the data of its 3 1 1.
        let shown = try handshake(presenting: [next], [new]).facts?.certificate?.publicKeyDigest
        #expect(shown == new.data)
    }

    @Test("DANE-43 of the digests of one usage and selector only the strongest counts")
    func agility() throws {
        let pki = try #require(pki)
        let weak = try pki.leaf.record(3, 1, 1)
        let strong = try pki.leaf.record(3, 1, 2)
        #expect(try handshake(presenting: [pki.leaf], [weak, strong.mismatching]).fault == .noMatchingTLSA)
        #expect(try handshake(presenting: [pki.leaf], [weak.mismatching, strong]).matched == strong)
        // Full(0) always counts, and other selectors are judged by themselves.
        let full = try pki.leaf.record(3, 1, 0)
        #expect(try handshake(presenting: [pki.leaf], [strong.mismatching, full]).matched == full)
        let other = try pki.leaf.record(3, 0, 1)
        #expect(try handshake(presenting: [pki.leaf], [strong.mismatching, other]).matched == other)
        // An unusable strong record is discarded first.
        let short = TLSARecord(usage: 3, selector: 1, matchingType: 2, data: [UInt8](repeating: 0, count: 63))
        #expect(try handshake(presenting: [pki.leaf], [weak, short]).matched == weak)
    }

    @Test("DANE-44 with the order 256 > 512 the verdict flips")
    func order() throws {
        let pki = try #require(pki)
        let context = try ClientContext(.dane, digestOrder: [1, 2])
        let weak = try pki.leaf.record(3, 1, 1)
        let strong = try pki.leaf.record(3, 1, 2)
        #expect(try handshake(presenting: [pki.leaf], [weak, strong.mismatching], context: context).matched == weak)
        #expect(
            try handshake(presenting: [pki.leaf], [weak.mismatching, strong], context: context).fault == .noMatchingTLSA
        )
        let only512 = try ClientContext(.dane, digestOrder: [2])
        #expect(try only512.usableRecords(of: [weak, strong]) == [strong])
        #expect(throws: TLSError.self) { try ClientContext(.dane, digestOrder: [3]) }
    }
}
