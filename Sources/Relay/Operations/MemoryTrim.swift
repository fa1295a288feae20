import CLinux

/// Gives memory back once a crowd of clients has gone: the C library would keep all that it ever used.
struct MemoryTrim {
    /// Connections that are worth it.
    static let leastCrowd = 100
    /// Looks between the last time and one more: a session that is counted as gone may still hold its memory, and what was in
    /// use then was not given back.
    static let settling = 5

    private var peak = 0
    /// Looks until memory is given back once more; nil where nothing is left to do.
    private var looksLeft: Int?

    /// Connections open now, and the most there were since the last look, asked again and again. Gives back when fewer than half of the
    /// most are left, then counts anew, and once more when it has been quiet for ``settling`` looks.
    mutating func note(_ connections: Int, most: Int) async {
        guard isDue(connections, most: most) else { return }
        // It walks through all of the heap: not on a loop.
        await Task.detached { _ = waxwing_trim_memory() }.value
    }

    /// True where memory is to be given back now.
    mutating func isDue(_ connections: Int, most: Int) -> Bool {
        peak = max(peak, connections, most)
        if peak >= Self.leastCrowd && connections * 2 < peak {
            peak = connections
            looksLeft = Self.settling
            return true
        }
        guard let left = looksLeft else { return false }
        looksLeft = left > 1 ? left - 1 : nil
        return left == 1
    }
}
