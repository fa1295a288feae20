/// One change of the exceptions after the other: of two at once the later must be the one that is kept on disk and in memory.
actor ExceptionTurn {
    private var isTaken = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func run<Result: Sendable, Fault: Error>(
        _ body: @Sendable () async throws(Fault) -> Result
    ) async throws(Fault) -> Result {
        if isTaken {
            await withCheckedContinuation { waiting.append($0) }
        } else {
            isTaken = true
        }
        defer {
            // Handed on, not given back: nobody comes between.
            if waiting.isEmpty { isTaken = false } else { waiting.removeFirst().resume() }
        }
        return try await body()
    }
}
