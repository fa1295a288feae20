/// Finds line breaks eight octets at a time: content streams through it by the hundred megabytes.
enum LineScan {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highBits: UInt64 = 0x8080_8080_8080_8080

    /// The index of the first CR or LF in `bytes` at or behind `start`, or the end. `has8bit` becomes true where an octet of
    /// 0x80 or above lies before it.
    static func lineBreak(in bytes: UnsafeRawBufferPointer, from start: Int, has8bit: inout Bool) -> Int {
        var index = start
        var seen: UInt64 = 0
        while bytes.count - index >= 8 {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let breaks = zeroBytes(word ^ (ones &* 0x0D)) | zeroBytes(word ^ (ones &* 0x0A))
            if breaks != 0 {
                let before = breaks.trailingZeroBitCount & ~7
                // The octets before the break are the low ones.
                seen |= before == 0 ? 0 : word << UInt64(64 - before)
                has8bit = has8bit || seen & highBits != 0
                return index + before / 8
            }
            seen |= word
            index += 8
        }
        while index < bytes.count {
            let byte = bytes[index]
            if byte == ASCII.carriageReturn || byte == ASCII.lineFeed { break }
            seen |= UInt64(byte)
            index += 1
        }
        has8bit = has8bit || seen & highBits != 0
        return index
    }

    /// A word with the high bit set in the lowest octet that is zero; octets above that one may be marked wrongly.
    private static func zeroBytes(_ word: UInt64) -> UInt64 {
        (word &- ones) & ~word & highBits
    }
}
