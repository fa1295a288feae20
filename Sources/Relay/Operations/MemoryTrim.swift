import CLinux

/// Gives memory back once a crowd of clients has gone: the C library would keep all that it ever used.
struct MemoryTrim {
    /// Connections that are worth it.
    static let leastCrowd = 100

    private var peak = 0

    /// Connections open now, asked again and again. Gives back when fewer than half of the most are left; then counts anew.
    mutating func note(_ connections: Int) async {
        peak = max(peak, connections)
        guard isDue(connections) else { return }
        peak = connections
        // It walks through all of the heap: not on a loop.
        await Task.detached { _ = waxwing_trim_memory() }.value
    }

    func isDue(_ connections: Int) -> Bool { peak >= Self.leastCrowd && connections * 2 < peak }
}
