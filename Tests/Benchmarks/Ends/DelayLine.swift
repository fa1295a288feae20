/// What is due a fixed time later, first in, first out.
struct DelayLine<Element> {
    let nanoseconds: UInt64
    private var entries: [(due: UInt64, element: Element)] = []
    private var first = 0

    init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    var isEmpty: Bool { first == entries.count }
    var count: Int { entries.count - first }

    /// When the first one is due; nil where there is none.
    var nextDue: UInt64? {
        isEmpty ? nil : entries[first].due
    }

    mutating func append(_ element: Element, at now: UInt64) {
        entries.append((now + nanoseconds, element))
    }

    /// The next one that is due.
    mutating func popFirst(at now: UInt64) -> Element? {
        guard !isEmpty, entries[first].due <= now else { return nil }
        let element = entries[first].element
        first += 1
        if first == entries.count || first > 4096 {
            // Memory is kept: a line in use allocates nothing.
            entries.removeFirst(first)
            first = 0
        }
        return element
    }
}
