import Glibc

extension Loop {
    /// What other threads hand over.
    struct Inbox {
        enum Item {
            case job(UnownedJob)
            case call(@Sendable () -> Void)
        }

        enum Phase { case made, running, stopping, stopped }

        var phase = Phase.made
        var thread: pthread_t?
        private var items: [Item] = []
        private var isAwake = false

        /// Takes the item; the first of a batch must wake the loop.
        mutating func put(_ item: Item) -> (isAccepted: Bool, mustWake: Bool) {
            if phase == .stopped { return (false, false) }
            items.append(item)
            defer { isAwake = true }
            return (true, !isAwake)
        }

        /// Gives the batch away; true when the loop shall stop.
        mutating func take(into other: inout [Item]) -> Bool {
            swap(&items, &other)
            isAwake = false
            return phase == .stopping
        }

        mutating func stop() -> (thread: pthread_t?, mustWake: Bool) {
            switch phase {
            case .made:
                phase = .stopped
            case .running:
                phase = .stopping
            case .stopping, .stopped:
                break
            }
            defer { thread = nil }
            return (thread, phase == .stopping)
        }

        mutating func finish(evenIfFull: Bool) -> Bool {
            if !items.isEmpty && !evenIfFull { return false }
            phase = .stopped
            return true
        }
    }
}
