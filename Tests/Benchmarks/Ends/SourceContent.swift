import Glibc

/// The content that every message of a source has, but for two numbers in its header that stand at fixed places.
struct SourceContent {
    /// What can be asked for.
    struct TooSmall: Error {
        let least: Int
    }

    /// Header and body with CRLF line ends, no line with a dot at its beginning, so that nothing needs stuffing.
    let octets: [UInt8]
    /// So many octets at the beginning differ from message to message; the others are shared by all connections.
    let headCount: Int

    private let identifierPlace: Int
    private let sequencePlace: Int
    private let momentPlace: Int

    /// Digits of a number: as many as the greatest has, so that all contents have one size.
    private static let digits = 20

    init(size: Int, sender: String) throws(TooSmall) {
        let zeros = [UInt8](repeating: 0x30, count: Self.digits)
        var octets = Array("From: <\(sender)>\r\nTo: undisclosed-recipients:;\r\nSubject: Measured\r\n".utf8)
        octets += Array("Date: Thu, 01 Jan 2026 00:00:00 +0000\r\nMIME-Version: 1.0\r\nMessage-ID: <".utf8)
        identifierPlace = octets.count
        octets += zeros + Array("@bench>\r\nX-Bench: ".utf8)
        sequencePlace = octets.count
        octets += zeros + [0x20]
        momentPlace = octets.count
        octets += zeros + [0x0D, 0x0A]
        headCount = octets.count
        octets += [0x0D, 0x0A]
        // One octet would be no line.
        guard size == octets.count || size >= octets.count + 2 else { throw TooSmall(least: octets.count + 2) }
        Self.fill(&octets, to: size)
        self.octets = octets
    }

    /// Lines of 76 letters; the last ones as long as the size wants it.
    private static func fill(_ octets: inout [UInt8], to size: Int) {
        octets.reserveCapacity(size)
        var state: UInt32 = 1
        while octets.count < size {
            let left = size - octets.count
            let length = left == 79 ? 77 : min(left, 78)
            for _ in 0..<length - 2 {
                // Numerical Recipes' generator: the same letters on every machine.
                state = state &* 1_664_525 &+ 1_013_904_223
                octets.append(0x61 + UInt8(state >> 24) % 26)
            }
            octets += [0x0D, 0x0A]
        }
    }

    /// The head of one message, for a place that has room for `headCount` octets.
    func writeHead(of marker: Marker, to room: UnsafeMutablePointer<UInt8>) {
        octets.withUnsafeBufferPointer { if let base = $0.baseAddress { memcpy(room, base, headCount) } }
        Self.write(marker.sequence, to: room + identifierPlace)
        Self.write(marker.sequence, to: room + sequencePlace)
        Self.write(marker.nanoseconds, to: room + momentPlace)
    }

    private static func write(_ number: UInt64, to room: UnsafeMutablePointer<UInt8>) {
        var rest = number
        for place in (0..<digits).reversed() {
            room[place] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }
}
