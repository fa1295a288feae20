/// One reload after the other. Whoever asks while one is under way is served by the next, which reads the file anew; those
/// who ask while that one waits share it.
actor ReloadTurn {
    private var last: Task<ReloadResult?, Never>?
    /// ``last`` has read nothing yet.
    private var isWaiting = false
    private var isClosed = false
    /// Orders so far.
    private(set) var asked = 0

    /// - Returns: nil where no reload begins any more.
    func run(_ body: @escaping @Sendable () async -> ReloadResult) async -> ReloadResult? {
        if isClosed { return nil }
        asked += 1
        if isWaiting, let last { return await last.value }
        isWaiting = true
        let before = last
        // Detached: it reads files, which is nothing for a loop.
        let task = Task.detached {
            _ = await before?.value
            guard await self.begins() else { return nil as ReloadResult? }
            return await body()
        }
        last = task
        return await task.value
    }

    private func begins() -> Bool {
        isWaiting = false
        return !isClosed
    }

    /// Lets the one that is under way end, and no other begin.
    func close() async {
        isClosed = true
        _ = await last?.value
        last = nil
    }
}
