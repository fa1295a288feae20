import Mail

@testable import Store

/// Makers of what is remembered of policies.
enum Entries {
    static func name(_ text: String) throws -> DomainName { try DomainName(text) }

    static func held(
        _ mode: STSPolicy.Mode = .enforce, id: String = "20270101", fetched: WallTime = Fixture.start,
        textSize: Int? = nil, mx: [String] = ["mx1.example.net", "*.example.net"]
    ) throws -> STSCacheEntry.Held {
        let patterns = try mx.map { text in
            MXPattern(
                name: try name(text.hasPrefix("*.") ? String(text.dropFirst(2)) : text),
                isWildcard: text.hasPrefix("*."))
        }
        let lines = ["version: STSv1", "mode: \(mode.rawValue)"] + mx.map { "mx: \($0)" } + ["max_age: 604800"]
        var text = Array((lines.joined(separator: "\r\n") + "\r\n").utf8)
        if let textSize { text += [UInt8](repeating: 0x0A, count: textSize - text.count) }
        return STSCacheEntry.Held(
            policy: STSPolicy(mode: mode, maxAge: 604_800, patterns: patterns), text: text, id: id, fetchedAt: fetched,
            expiresAt: fetched.advanced(by: 604_800))
    }

    static func failure(at seconds: Int64, count: Int = 1, id: String = "x") -> STSCacheEntry.Failure {
        STSCacheEntry.Failure(
            id: id, at: Fixture.start.advanced(by: seconds), count: count,
            fault: STSFetchFault(.stsPolicyFetchError, "HTTP 503 from mta-sts.example.net"))
    }

    static func entry(
        _ domain: String, held: STSCacheEntry.Held? = nil, failure: STSCacheEntry.Failure? = nil,
        missing: WallTime? = nil, used: WallTime = Fixture.start
    ) throws -> STSCacheEntry {
        STSCacheEntry(
            domain: try name(domain), held: held, failure: failure, recordMissingSince: missing, usedAt: used)
    }

    /// Anything that is allowed, with a liking for limits.
    static func random(_ number: Int, using generator: inout Seeded) throws -> STSCacheEntry {
        func time() -> WallTime {
            WallTime(
                seconds: [.min, -1, 0, .max].randomElement(using: &generator).flatMap {
                    Bool.random(using: &generator) ? nil : $0
                } ?? Int64.random(in: .min ... .max, using: &generator))
        }
        func id() -> String {
            let letters = Array("abcXYZ0189")
            let length = [0, 1, 14, 32].randomElement(using: &generator) ?? 1
            return String((0..<length).map { _ in letters.randomElement(using: &generator) ?? "a" })
        }
        func label() -> String {
            String(repeating: "a", count: Int.random(in: 1...63, using: &generator)) + "-\(number)".suffix(0)
        }
        var held: STSCacheEntry.Held?
        if Int.random(in: 0..<4, using: &generator) > 0 {
            let patterns = try (0..<Int.random(in: 0...6, using: &generator)).map { _ in
                MXPattern(
                    name: try name("\(label()).\(label()).test"), isWildcard: Bool.random(using: &generator))
            }
            let size = [0, 1, 200, 4000, STSPolicy.textLimit].randomElement(using: &generator) ?? 0
            held = STSCacheEntry.Held(
                policy: STSPolicy(
                    mode: STSPolicy.Mode.allCases.randomElement(using: &generator) ?? .none,
                    maxAge: Int64.random(in: 0...STSPolicy.maxAgeLimit, using: &generator), patterns: patterns),
                text: (0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) }, id: id(), fetchedAt: time(),
                expiresAt: time())
        }
        var failure: STSCacheEntry.Failure?
        if Bool.random(using: &generator) {
            let words = ["", "timed out", "höchst \"merkwürdig\" 'é\u{301}'\n;--", String(repeating: "€", count: 341)]
            failure = STSCacheEntry.Failure(
                id: id(), at: time(), count: Int.random(in: .min ... .max, using: &generator),
                fault: STSFetchFault(
                    ResultType.allCases.randomElement(using: &generator) ?? .validationFailure,
                    words.randomElement(using: &generator) ?? ""))
        }
        return STSCacheEntry(
            domain: try name("d\(number).\(label()).test"), held: held, failure: failure,
            recordMissingSince: Bool.random(using: &generator) ? time() : nil, usedAt: time())
    }
}

/// The same numbers each time: a failure can be looked at again.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension SQLiteStore {
    /// The entry of a domain; nil where there is none or it is damaged.
    func entry(_ domain: String) async throws -> STSCacheEntry? {
        guard case .entry(let entry) = try await policy(for: Entries.name(domain)) else { return nil }
        return entry
    }

    func isDamaged(_ domain: String) async throws -> Bool {
        if case .damaged = try await policy(for: Entries.name(domain)) { return true }
        return false
    }

    func save(_ entries: STSCacheEntry...) async throws {
        try await save(entries, now: Fixture.start.advanced(by: 3600))
    }
}
