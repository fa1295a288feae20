import Glibc

/// Finds the end of a content, CRLF "." CRLF (RFC 5321 §4.1.1.4), in pieces of any size. Octets are looked at one by one
/// only around dots: the rest is memchr's.
struct ContentEnd {
    /// Octets of the line that is the end and no content.
    static let dotLineCount = 3

    /// How much of CRLF "." CRLF the octets so far end with. Content begins behind a CRLF, that of DATA's line.
    private var matched = 2

    /// The place behind the end, if it is in `chunk` at or behind `start`. After it the next content begins.
    mutating func find(in chunk: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard let base = chunk.baseAddress else { return nil }
        var place = start
        while place < chunk.count {
            if matched == 0 {
                // A dot ends a line only where a line's end stands before it: two octets back is near enough.
                let dot = memchr(base + place, 0x2E, chunk.count - place).map { UnsafeRawPointer($0) - base }
                place = max(place, (dot ?? chunk.count) - 2)
            }
            repeat {
                matched = Self.step(matched, chunk[place])
                place += 1
                if matched == 5 {
                    matched = 2
                    return place
                }
            } while matched != 0 && place < chunk.count
            if matched == 0, place < chunk.count, chunk[place] == 0x2E { place += 1 }
        }
        return nil
    }

    private static func step(_ matched: Int, _ octet: UInt8) -> Int {
        switch (matched, octet) {
        case (0, 0x0D), (1, 0x0A), (2, 0x2E), (3, 0x0D), (4, 0x0A): matched + 1
        case (_, 0x0D): 1
        default: 0
        }
    }
}
