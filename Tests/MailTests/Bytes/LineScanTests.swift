import Testing

@testable import Mail

struct LineScanTests {
    @Test("Eight octets at a time find what one at a time finds, at each offset and length")
    func agreesWithPlainSearch() {
        for length in 0...40 {
            for place in 0...length {
                for byte: UInt8 in [0x0A, 0x0D, 0x0B, 0x8A, 0x8D, 0x09, 0x00] {
                    var bytes = [UInt8](repeating: 0x61, count: length)
                    if place < length { bytes[place] = byte }
                    for start in 0...min(length, 9) {
                        var has8bit = false
                        let found = bytes.withUnsafeBytes { LineScan.lineBreak(in: $0, from: start, has8bit: &has8bit) }
                        let plain = bytes[start...].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? length
                        #expect(found == plain)
                        #expect(has8bit == bytes[start..<plain].contains { $0 >= 0x80 })
                    }
                }
            }
        }
    }

    @Test("Octets behind the line break do not count")
    func octetsBehind() {
        var has8bit = false
        let bytes = Array("ab\r".utf8) + [0xFF, 0xFF, 0xFF, 0xFF, 0xFF]
        #expect(bytes.withUnsafeBytes { LineScan.lineBreak(in: $0, from: 0, has8bit: &has8bit) } == 2)
        #expect(!has8bit)
    }
}
