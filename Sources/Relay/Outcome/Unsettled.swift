import Synchronization

/// How many settlements wait because the store does not take them. Safe from any thread.
final class Unsettled: Sendable {
    private let count = Atomic<Int>(0)

    var isEmpty: Bool { waiting == 0 }
    var waiting: Int { count.load(ordering: .relaxed) }

    func began() { count.add(1, ordering: .relaxed) }
    func ended() { count.subtract(1, ordering: .relaxed) }
}
