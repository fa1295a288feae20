import Mail
import Store

/// Recipients remembered for a while: at least ``age`` seconds, at most twice that, without a time for each.
struct Generations {
    /// Far longer than a session can take from its commit to its hand-over.
    static let age: Int64 = 60

    private var young: Set<RecipientNumber> = []
    private var old: Set<RecipientNumber> = []
    private var began = WallTime(seconds: .min)

    func contains(_ recipient: RecipientNumber) -> Bool {
        young.contains(recipient) || old.contains(recipient)
    }

    mutating func insert(_ recipient: RecipientNumber) {
        young.insert(recipient)
    }

    /// Forgets the older generation once the younger has its age. A clock that goes back only makes memory longer.
    mutating func rotate(at now: WallTime) {
        guard now >= began.advanced(by: Self.age) else { return }
        old = young
        young = []
        began = now
    }
}
