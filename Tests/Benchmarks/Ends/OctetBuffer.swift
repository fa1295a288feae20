import Glibc

/// Octets on their way out, first in, first out, in memory that is kept for the next ones.
struct OctetBuffer: ~Copyable {
    private var memory: UnsafeMutableRawPointer?
    private var capacity = 0
    private var start = 0
    private var end = 0

    init() {}

    deinit {
        free(memory)
    }

    var count: Int { end - start }
    var isEmpty: Bool { start == end }

    /// What waits.
    var octets: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: memory.map { UnsafeRawPointer($0) + start }, count: count)
    }

    mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(_ octets: [UInt8]) {
        octets.withUnsafeBytes { append($0) }
    }

    mutating func append(_ octets: UnsafeRawBufferPointer) {
        guard let source = octets.baseAddress, octets.count > 0 else { return }
        if end + octets.count > capacity { makeRoom(octets.count) }
        guard let memory else { return }
        memcpy(memory + end, source, octets.count)
        end += octets.count
    }

    /// The first so many are gone.
    mutating func remove(_ octets: Int) {
        start += min(octets, count)
        if start == end { removeAll() }
    }

    mutating func removeAll() {
        start = 0
        end = 0
    }

    /// Gives the memory back: an idle connection keeps none.
    mutating func release() {
        free(memory)
        memory = nil
        capacity = 0
        removeAll()
    }

    private mutating func makeRoom(_ octets: Int) {
        if let memory, start > 0 { memmove(memory, memory + start, count) }
        end -= start
        start = 0
        if end + octets <= capacity { return }
        capacity = max(256, max(2 * capacity, end + octets))
        memory = realloc(memory, capacity)
        // Without memory nothing is measured any more.
        if memory == nil { abort() }
    }
}
