import Synchronization

/// Octets of content that sessions hold while it comes in, or while they wait for its delivery (`intake.content_memory`).
/// Content under way goes on when it is full: only new content is put off. Safe from any thread.
final class ContentMemory: Sendable {
    private let limit: Atomic<Int>
    private let octets = Atomic<Int>(0)

    init(limit: Int) {
        self.limit = Atomic(limit)
    }

    var isFull: Bool { octets.load(ordering: .relaxed) >= limit.load(ordering: .relaxed) }

    /// From now on so many octets.
    func change(limit: Int) { self.limit.store(limit, ordering: .relaxed) }

    /// What one session holds of it; given back when it is let go of.
    final class Share {
        private let memory: ContentMemory
        private var held = 0

        init(of memory: ContentMemory) {
            self.memory = memory
        }

        deinit {
            memory.octets.subtract(held, ordering: .relaxed)
        }

        /// It holds so many octets now.
        func hold(_ count: Int) {
            memory.octets.add(count - held, ordering: .relaxed)
            held = count
        }
    }
}
