import Net

extension Loop {
    /// Rests for `duration`, whatever executor the caller runs on: `sleep(until:)` is for the loop's own tasks.
    /// - Returns: false where the loop has stopped.
    func pause(_ duration: Duration) async -> Bool {
        await task { (try? await self.sleep(until: .after(duration))) != nil }.value
    }
}
