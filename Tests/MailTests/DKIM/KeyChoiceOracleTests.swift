import Testing

@testable import Mail

/// The choice of keys against what its words mean, said slowly, over small random key sets.
struct KeyChoiceOracleTests {
    static let now = KeyChoiceTests.now
    static let names = ["example", "d.example", "a.d.example", "b.d.example", "e.example"]

    struct World {
        var keys: [DKIMKey] = []
        var isFit: [Bool] = []
        var author = domainName("d.example")
        var isReport = false
        var unpublished = DKIMUnpublished.otherKey

        init(using dice: inout SplitMix) {
            func coin() -> Bool { Bool.random(using: &dice) }
            for number in 0..<Int.random(in: 0...6, using: &dice) {
                keys.append(
                    DKIMKey(
                        domain: domainName(KeyChoiceOracleTests.names.randomElement(using: &dice) ?? "example"),
                        selector: domainName("s\(number)"), keyType: coin() ? .rsa : .ed25519,
                        notBefore: coin() ? nil : now.advanced(by: .random(in: -2...1, using: &dice)),
                        isForReports: Int.random(in: 0..<3, using: &dice) == 0, includesSubdomains: coin()))
                isFit.append(Int.random(in: 0..<3, using: &dice) > 0)
            }
            author = domainName(KeyChoiceOracleTests.names.randomElement(using: &dice) ?? "example")
            isReport = coin()
            unpublished = [.otherKey, .wait, .unsigned].randomElement(using: &dice) ?? .wait
        }

        var choice: DKIMKeyChoice {
            DKIMKeyChoice(
                DKIMKeyChoice.candidates(keys, author: author, isReport: isReport, at: now), keys: keys,
                unpublished: unpublished
            ) { isFit[$0] ? .published : .unfit("is not published") }
        }

        // MARK: The oracle

        /// May this key ever sign for the author now?
        func applies(_ index: Int) -> Bool {
            let key = keys[index]
            if let start = key.notBefore, start > now { return false }
            if key.isForReports, !isReport { return false }
            if key.domain == author { return true }
            return key.includesSubdomains && author.labels.count > key.domain.labels.count
                && author.labels.suffix(key.domain.labels.count) == key.domain.labels[...]
        }

        /// Of those the ones that no other key puts aside.
        var pool: [Int] {
            let able = keys.indices.filter(applies)
            let nearest = able.filter { index in
                able.allSatisfy { keys[$0].domain.labels.count <= keys[index].domain.labels.count }
            }
            let own = nearest.filter { keys[$0].isForReports }
            return isReport && !own.isEmpty ? own : nearest
        }

        private func start(_ index: Int) -> Int64 { keys[index].notBefore?.seconds ?? .min }

        /// Signs, waits, goes unsigned or is left alone, and the keys.
        var expected: (word: String, keys: Set<Int>) {
            let pool = pool
            if pool.isEmpty { return ("none", []) }
            var signers: Set<Int> = []
            var isDueMissing = false
            for type in DKIMKeyType.allCases {
                let ofType = pool.filter { keys[$0].keyType == type }
                guard let newest = ofType.map(start).max() else { continue }
                if ofType.contains(where: { start($0) == newest && !isFit[$0] }) { isDueMissing = true }
                let usable = ofType.filter { isFit[$0] }
                if let best = usable.map(start).max() { signers.formUnion(usable.filter { start($0) == best }) }
            }
            if unpublished == .wait { return isDueMissing ? ("wait", []) : ("sign", signers) }
            if !signers.isEmpty { return ("sign", signers) }
            return (unpublished == .unsigned ? "unsigned" : "wait", [])
        }
    }

    @Test("DKIM-04 DKIM-23 The choice is what the oracle says", arguments: 0..<40 as Range<UInt64>)
    func oracle(seed: UInt64) {
        var dice = SplitMix(seed: seed)
        for _ in 0..<250 {
            let world = World(using: &dice)
            let expected = world.expected
            let place = "\(world)"
            switch world.choice {
            case .none: #expect(expected.word == "none", "\(place)")
            case .wait(let why): #expect(expected.word == "wait" && !why.isEmpty, "\(place)")
            case .unsigned(let why): #expect(expected.word == "unsigned" && !why.isEmpty, "\(place)")
            case .sign(let chosen):
                #expect(expected.word == "sign" && Set(chosen) == expected.keys, "\(place)")
                #expect(chosen == chosen.sorted() && !chosen.isEmpty, "\(place)")
                // RPTF-16, DKIM-18: one domain signs, the author's or one above it.
                #expect(Set(chosen.map { world.keys[$0].domain }).count == 1, "\(place)")
            }
        }
    }

    @Test("The random key sets lead to every outcome, so that the comparison means something")
    func coverage() {
        var dice = SplitMix(seed: 7)
        var seen: [String: Int] = [:]
        for _ in 0..<4000 { seen[World(using: &dice).expected.word, default: 0] += 1 }
        for word in ["none", "sign", "wait", "unsigned"] { #expect(seen[word, default: 0] >= 50, "\(word)") }
    }
}
