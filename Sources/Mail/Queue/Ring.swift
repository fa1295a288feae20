/// A queue with two ends in one array, so that taking from the front costs the same however many wait behind.
struct Ring<Element> {
    /// Its count is 0 or a power of two.
    private var slots: [Element?] = []
    private var head = 0
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    var first: Element? { isEmpty ? nil : slots[head] }

    /// In order, the first first. The position is from 0 up to ``count``; nil outside.
    subscript(position: Int) -> Element? {
        position >= 0 && position < count ? slots[place(position)] : nil
    }

    mutating func append(_ element: Element) {
        grow()
        slots[place(count)] = element
        count += 1
    }

    mutating func prepend(_ element: Element) {
        grow()
        head = (head &- 1) & (slots.count - 1)
        slots[head] = element
        count += 1
    }

    mutating func popFirst() -> Element? {
        guard !isEmpty else { return nil }
        defer {
            slots[head] = nil
            head = place(1)
            count -= 1
        }
        return slots[head]
    }

    /// Keeps the order of the rest.
    ///
    /// - Returns: what was removed, in order.
    mutating func removeAll(where shouldRemove: (Element) throws -> Bool) rethrows -> [Element] {
        var (kept, removed) = (Ring(), [Element]())
        for element in elements {
            if try shouldRemove(element) { removed.append(element) } else { kept.append(element) }
        }
        if !removed.isEmpty { self = kept }
        return removed
    }

    /// In order.
    var elements: some Sequence<Element> {
        (0..<count).lazy.compactMap { self[$0] }
    }

    private func place(_ position: Int) -> Int { (head + position) & (slots.count - 1) }

    private mutating func grow() {
        guard count == slots.count else { return }
        slots = elements.map { $0 } + Array(repeating: nil, count: max(count, Self.firstCapacity))
        head = 0
    }

    private static var firstCapacity: Int { 4 }
}

extension Ring: Sendable where Element: Sendable {}
