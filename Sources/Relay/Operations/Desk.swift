import Synchronization

/// How many of something costly are under way: each has this relay connect to hosts of others. Safe from any thread.
final class Desk: Sendable {
    /// Letters at once. Ours.
    static let letters = 2
    /// Simulations at once: one opens connections by the dozen. Ours.
    static let simulations = 1

    private let places: Int
    private let open = Mutex(0)

    init(places: Int) { self.places = places }

    /// False where all places are taken: then nothing is to be ended.
    func begin() -> Bool {
        open.withLock { open in
            guard open < places else { return false }
            open += 1
            return true
        }
    }

    func end() {
        open.withLock { $0 -= 1 }
    }
}
