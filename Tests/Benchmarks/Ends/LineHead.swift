import Glibc

/// The head of a line that comes in pieces: enough of it to know a command or a reply by, however long the line is.
struct LineHead {
    /// Octets that are kept. What comes behind them is read and forgotten.
    static let capacity = 64

    private var octets = InlineArray<64, UInt8>(repeating: 0)
    /// Octets kept, without the line's end.
    private(set) var count = 0
    private var hasEnded = false

    /// Takes octets up to and with the line's end, and moves `position` behind them. True once the line has ended; the
    /// next call begins the next line.
    mutating func take(_ chunk: UnsafeRawBufferPointer, from position: inout Int) -> Bool {
        if hasEnded {
            hasEnded = false
            count = 0
        }
        guard let base = chunk.baseAddress, position < chunk.count else { return false }
        let start = base + position
        let rest = chunk.count - position
        guard let end = memchr(start, 0x0A, rest) else {
            keep(start, rest)
            position = chunk.count
            return false
        }
        let length = UnsafeRawPointer(end) - start
        keep(start, length)
        position += length + 1
        if count > 0, octets[count - 1] == 0x0D { count -= 1 }
        hasEnded = true
        return true
    }

    private mutating func keep(_ start: UnsafeRawPointer, _ length: Int) {
        let kept = min(length, Self.capacity - count)
        guard kept > 0 else { return }
        let place = count
        var span = octets.mutableSpan
        span.withUnsafeMutableBytes { $0.baseAddress.map { _ = memcpy($0 + place, start, kept) } }
        count += kept
    }

    /// The octet at that place; 0 behind the end.
    subscript(place: Int) -> UInt8 {
        place >= 0 && place < count ? octets[place] : 0
    }

    /// True where the word stands at that place, in either case, and nothing but a blank behind it.
    func hasWord(_ word: StaticString, at place: Int = 0) -> Bool {
        for offset in 0..<word.utf8CodeUnitCount
        where (self[place + offset] | 0x20) != (word.utf8Start[offset] | 0x20) {
            return false
        }
        let behind = self[place + word.utf8CodeUnitCount]
        return behind == 0 || behind == 0x20
    }

    /// A decimal number at that place, which moves behind it; nil where there is none, or one over 18 digits.
    func number(at place: inout Int) -> Int? {
        let start = place
        var value = 0
        while case 0x30...0x39 = self[place], place - start < 18 {
            value = value * 10 + Int(self[place] & 0x0F)
            place += 1
        }
        if case 0x30...0x39 = self[place] { return nil }
        return place == start ? nil : value
    }
}
