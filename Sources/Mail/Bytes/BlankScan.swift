/// Finds the blanks that relaxed canonicalisation takes away or replaces, eight octets at a time.
enum BlankScan {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highBits: UInt64 = 0x8080_8080_8080_8080

    /// The index of the first tab in `bytes` at or behind `start`, or of the first space with a space or CR behind it, or
    /// the end. The last octet of `bytes` may be a space about which nothing is known.
    static func firstSurplus(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var index = start
        while bytes.count - index >= 9 {
            let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let next = bytes.loadUnaligned(fromByteOffset: index + 1, as: UInt64.self)
            let spaces = zeroBytes(word ^ (ones &* 0x20))
            let followers = zeroBytes(next ^ (ones &* 0x20)) | zeroBytes(next ^ (ones &* 0x0D))
            // Marks may be set wrongly above one that is right, so the octets themselves decide.
            if zeroBytes(word ^ (ones &* 0x09)) | (spaces & followers) != 0 {
                for place in index..<index + 8 where isSurplus(bytes, place) { return place }
            }
            index += 8
        }
        while index < bytes.count, !isSurplus(bytes, index) { index += 1 }
        return index
    }

    private static func isSurplus(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> Bool {
        if bytes[index] == ASCII.tab { return true }
        guard bytes[index] == ASCII.space, index + 1 < bytes.count else { return false }
        return bytes[index + 1] == ASCII.space || bytes[index + 1] == ASCII.carriageReturn
    }

    /// A word with the high bit set in each octet that is zero, and perhaps in some above one.
    private static func zeroBytes(_ word: UInt64) -> UInt64 {
        (word &- ones) & ~word & highBits
    }
}
