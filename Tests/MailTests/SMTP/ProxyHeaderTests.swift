import Testing

@testable import Mail

/// The PROXY protocol (haproxy.org, `doc/proxy-protocol.txt`).
struct ProxyHeaderTests {
    struct Case: Sendable {
        let bytes: [UInt8]
        let header: ProxyHeader?

        /// `header` nil: invalid.
        init(_ line: String, _ header: ProxyHeader?) {
            bytes = Array(line.utf8)
            self.header = header
        }

        init(binary command: UInt8, _ family: UInt8, _ block: [UInt8], length: Int? = nil, _ header: ProxyHeader?) {
            let length = length ?? block.count
            bytes = signature + [command, family, UInt8(length >> 8), UInt8(length & 255)] + block
            self.header = header
        }
    }

    static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10] + Array("QUIT\n".utf8)
    static let four = ProxyHeader.proxied(
        source: .v4(0xC000_0201), sourcePort: 56324, destination: .v4(0xC000_0202), destinationPort: 25)
    static let six = ProxyHeader.proxied(
        source: .v6(high: 0x2001_0DB8_0000_0000, low: 1), sourcePort: 65535,
        destination: .v6(high: 0x2001_0DB8_0000_0000, low: 2), destinationPort: 0)
    static let block4: [UInt8] = [192, 0, 2, 1, 192, 0, 2, 2, 0xDC, 0x04, 0, 25]
    static let block6: [UInt8] =
        [0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
        + [0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2] + [0xFF, 0xFF, 0, 0]
    static let zeros = [UInt8](repeating: 0, count: 2049)

    static let lines = [
        Case("PROXY TCP4 192.0.2.1 192.0.2.2 56324 25\r\n", four),
        Case("PROXY TCP6 2001:db8::1 2001:DB8:0:0:0:0:0:2 65535 0\r\n", six),
        Case("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:192.0.2.2 56324 25\r\n", four),  // Counts as what it maps.
        Case("PROXY UNKNOWN\r\n", .local),
        Case("PROXY UNKNOWN anything \u{FC} goes\r\n", .local),
        Case("PROXY UNKNOWN " + String(repeating: "x", count: 91) + "\r\n", .local),  // 107 octets
        Case("PROXY UNKNOWN " + String(repeating: "x", count: 92) + "\r\n", nil),  // 108
        Case("PROXY UNKNOWN " + String(repeating: "x", count: 93), nil),  // 107 without an end
        Case("PROXY UNKNOWNX\r\n", nil),
        Case("PROXY unknown\r\n", nil),
        Case("proxy TCP4 192.0.2.1 192.0.2.2 56324 25\r\n", nil),
        Case("PROXY TCP5 192.0.2.1 192.0.2.2 56324 25\r\n", nil),
        Case("PROXY TCP6 192.0.2.1 192.0.2.2 56324 25\r\n", nil),  // The family dictates the format.
        Case("PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n", nil),
        Case("PROXY TCP4 192.0.2.1 2001:db8::2 1 2\r\n", nil),
        Case("PROXY  TCP4 192.0.2.1 192.0.2.2 56324 25\r\n", nil),  // Exactly one space.
        Case("PROXY TCP4 192.0.2.1  192.0.2.2 56324 25\r\n", nil),
        Case("PROXY TCP4 192.0.2.1\t192.0.2.2 56324 25\r\n", nil),
        Case("PROXY TCP4 192.0.2.1 192.0.2.2 56324 25 \r\n", nil),
        Case("PROXY TCP4 192.0.2.1 192.0.2.2 56324\r\n", nil),
        Case("PROXY TCP4 192.0.2.1 192.0.2.2 056324 25\r\n", nil),  // Might be octal.
        Case("PROXY TCP4 192.0.2.1 192.0.2.2 56324 00\r\n", nil),
        Case("PROXY TCP4 192.0.2.1 192.0.2.2 65536 25\r\n", nil),
        Case("PROXY TCP4 192.0.2.1 192.0.2.2 -1 25\r\n", nil),
        Case("PROXY TCP4 192.0.2.01 192.0.2.2 56324 25\r\n", nil),
        Case("PROXY TCP4 192.0.2.256 192.0.2.2 56324 25\r\n", nil),
        Case("PROXY TCP4 192.0.2.1 192.0.2.2 56324 25\n", nil),  // LF alone
        Case("PROXY TCP4 192.0.2.1 192.0.2.2 56324 25\rE", nil),  // CR alone
        Case("PROXY\r\n", nil),
        Case("PROXY \r\n", nil),
        Case("EHLO client.example\r\n", nil),  // No header at all: a client that comes directly.
        Case("\r\nEHLO", nil),
    ]

    static let blocks = [
        Case(binary: 0x21, 0x11, block4, four),
        Case(binary: 0x21, 0x21, block6, six),
        Case(binary: 0x21, 0x11, block4 + [4, 0, 1, 0], four),  // With a TLV.
        Case(binary: 0x21, 0x11, block4 + [0xEE], four),
        Case(binary: 0x21, 0x11, block4 + zeros.prefix(2036), four),  // 16 + 2048 octets
        Case(binary: 0x21, 0x11, block4 + zeros.prefix(2037), nil),
        Case(binary: 0x21, 0x11, [], length: 65535, nil),
        Case(binary: 0x21, 0x11, Array(block4.dropLast()), nil),
        Case(binary: 0x21, 0x21, Array(block6.dropLast()), nil),
        Case(binary: 0x21, 0x21, block4, nil),
        Case(binary: 0x20, 0x00, [], .local),
        Case(binary: 0x20, 0x11, block4, .local),  // LOCAL: the block is discarded.
        Case(binary: 0x20, 0xFF, [1, 2, 3], .local),  // and its family ignored
        Case(binary: 0x20, 0x00, Array(zeros.prefix(2048)), .local),
        Case(binary: 0x20, 0x00, zeros, nil),
        Case(binary: 0x21, 0x31, Array(zeros.prefix(216)), .local),  // AF_UNIX
        Case(binary: 0x21, 0x32, Array(zeros.prefix(217)), .local),
        Case(binary: 0x21, 0x31, Array(zeros.prefix(215)), nil),
        Case(binary: 0x21, 0x00, [], .local),  // UNSPEC
        Case(binary: 0x21, 0x00, [1, 2, 3], .local),
        Case(binary: 0x21, 0x12, block4, .local),  // UDP: not described by it.
        Case(binary: 0x21, 0x10, block4, .local),
        Case(binary: 0x21, 0x01, [], .local),
        Case(binary: 0x21, 0x41, block4, nil),  // Families and transports that are not assigned.
        Case(binary: 0x21, 0x13, block4, nil),
        Case(binary: 0x11, 0x11, block4, nil),  // Version 1 is no block.
        Case(binary: 0x31, 0x11, block4, nil),
        Case(binary: 0x22, 0x11, block4, nil),  // Commands that are not assigned.
        Case(binary: 0x2F, 0x11, block4, nil),
    ]

    @Test("A header of either version is read strictly, whole and octet by octet", arguments: lines + blocks)
    func read(_ test: Case) {
        guard let header = test.header else {
            #expect(isInvalid(ProxyHeader.read(test.bytes)))
            // Invalid once, invalid for good.
            let first = (0...test.bytes.count).first { ProxyHeader.read(test.bytes.prefix($0)) != .needsMore }
            for length in (first ?? 0)...test.bytes.count {
                #expect(isInvalid(ProxyHeader.read(test.bytes.prefix(length))), "of \(length) octets")
            }
            return
        }
        for length in 0..<test.bytes.count {
            #expect(ProxyHeader.read(test.bytes[..<length]) == .needsMore, "of \(length) octets")
        }
        // What follows is the client's, and a collection need not start at 0.
        let more = [7, 7] + test.bytes + Array("EHLO a\r\n".utf8)
        #expect(ProxyHeader.read(more.dropFirst(2)) == .header(header, consumed: test.bytes.count))
        #expect(ProxyHeader.read(test.bytes) == .header(header, consumed: test.bytes.count))
    }

    @Test("A stranger who speaks first without a header is found out at the first octet that differs")
    func early() {
        for text in ["E", "PROXX", "PROXY\t", "\r\n\r\n\r", "P\r"] {
            #expect(isInvalid(ProxyHeader.read(Array(text.utf8))))
        }
        #expect(isInvalid(ProxyHeader.read(Self.signature + [0x30])))
        #expect(isInvalid(ProxyHeader.read(Self.signature + [0x21, 0x51])))
        #expect(isInvalid(ProxyHeader.read(Self.signature + [0x21, 0x11, 0, 11])))
        #expect(isInvalid(ProxyHeader.read(Self.signature + [0x21, 0x11, 8, 1])))
    }

    @Test("Whatever comes is read or refused, within the limits, and the same by any borders")
    func fuzz() {
        var random = SplitMix(seed: 2)
        let seeds = (Self.lines + Self.blocks).map(\.bytes)
        for _ in 0..<5_000 {
            var bytes = seeds[Int.random(in: 0..<seeds.count, using: &random)]
            for _ in 0..<Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
                let place = Int.random(in: 0..<min(bytes.count, 60), using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
                }
            }
            let whole = ProxyHeader.read(bytes)
            switch whole {
            case .header(_, let consumed):
                #expect(consumed <= bytes.count && consumed <= ProxyHeader.binaryLimit)
                #expect(ProxyHeader.read(bytes.prefix(consumed)) == whole)
                #expect(ProxyHeader.read(bytes.prefix(consumed - 1)) == .needsMore)
            case .needsMore:
                #expect(bytes.count < ProxyHeader.binaryLimit)
                #expect(ProxyHeader.read(bytes.prefix(bytes.count / 2)) == .needsMore)
            case .invalid:
                #expect(isInvalid(ProxyHeader.read(bytes + [0x41])))
            }
        }
    }

    private func isInvalid(_ reading: ProxyReading) -> Bool {
        if case .invalid(let reason) = reading { !reason.isEmpty } else { false }
    }
}
