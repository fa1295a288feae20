import Net

extension Service {
    /// Tells the service manager that this process lives, twice in the time it has patience for, and only when every loop has turned.
    /// A loop that stands still, by a fault of ours, is what a restart mends; a disk that does not answer is not, and is not asked.
    func tellLife(on loop: Loop) async {
        guard let notices, let patience = notices.watchdog else { return }
        while !Task.isCancelled {
            for other in loops.loops { await other.task {}.value }
            notices.send(.alive)
            guard await loop.pause(patience / 2) else { return }
        }
    }
}
