/// How long the daemon waits before it replaces a worker that died: twice as long each time, until one has lived.
struct RestartDelay {
    static let shortest: Duration = .milliseconds(100)
    static let longest: Duration = .seconds(30)
    /// A worker that served this long was all right; the next death is a new story.
    static let lifetimeThatCounts: Duration = .seconds(60)

    /// Deaths in a row.
    private(set) var deaths = 0
    /// Deaths in a row before the worker was ready even once.
    private(set) var failedStarts = 0

    /// Notes a death and gives the wait before the next start.
    mutating func afterDeath(wasReady: Bool, lived: Duration) -> Duration {
        if wasReady && lived >= Self.lifetimeThatCounts { deaths = 0 }
        failedStarts = wasReady ? 0 : failedStarts + 1
        deaths += 1
        var delay = Self.shortest
        for _ in 1..<max(deaths, 1) where delay < Self.longest { delay = min(delay * 2, Self.longest) }
        return delay
    }
}
