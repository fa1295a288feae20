import Testing

@testable import Mail

@Suite("Shares") struct ShareTests {
    static let table: [(Int64, Int64, String, String)] = [
        (0, 10, "0%", "nothing"), (10, 10, "100%", "all"), (11, 10, "100%", "more than all is all"),
        (1, 3, "33.3%", "cut off"), (2, 3, "66.6%", "not rounded up"), (999, 1000, "99.9%", "exact"),
        (9_999, 10_000, "99.9%", "almost all is not all"), (1, 10_000, "<0.1%", "a little is not nothing"),
        (1, 1_000, "0.1%", "the least that is told"), (0, 0, "-", "of nothing"), (-1, 10, "0%", "never below"),
        (.max - 1, .max, "99.9%", "no overflow"), (1, .max, "<0.1%", "nor at the other end"),
    ]

    @Test("tenths of a percent from exact integers", arguments: table.indices)
    func percent(index: Int) {
        let (part, whole, text, why) = Self.table[index]
        #expect(Share.percent(part, of: whole) == text, "\(why)")
    }

    static let levels: [(VerifiedLevel?, Bool, DeliveredLevel)] = [
        (nil, false, .clear), (VerifiedLevel.none, false, .clear), (.dane, false, .clear), (nil, true, .encrypted),
        (VerifiedLevel.none, true, .encrypted), (.encrypted, true, .encrypted), (.webPKI, true, .webPKI),
        (.dane, true, .dane), (.daneHost, true, .daneHost), (.fingerprint, true, .fingerprint),
    ]

    @Test("without TLS it is clear, whatever is said; with it encrypted at least", arguments: levels.indices)
    func level(index: Int) {
        let (verified, overTLS, level) = Self.levels[index]
        #expect(DeliveredLevel(verified, overTLS: overTLS) == level)
    }
}
