extension IPAddress: CustomStringConvertible {
    /// Reads `192.0.2.1` or `2001:db8::1`, without brackets, zone or blanks; nil for anything else.
    ///
    /// An IPv4 number with a leading zero is refused: some programs read it as octal.
    public init?(_ text: some StringProtocol) {
        self.init(parsing: Array(text.utf8))
    }

    /// Reads the same text as octets.
    init?(parsing bytes: [UInt8]) {
        if bytes.contains(UInt8(ascii: ":")) {
            guard let groups = Self.groups(bytes) else { return nil }
            let high = groups[..<4].reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
            let low = groups[4...].reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
            self = .v6(high: high, low: low)
        } else {
            guard let value = Self.dotted(bytes[...]) else { return nil }
            self = .v4(value)
        }
    }

    /// IPv4 in dotted form; IPv6 as RFC 5952 §4 has it, IPv4-mapped as `::ffff:192.0.2.1` (RFC 5952 §5).
    public var description: String {
        switch self {
        case .v4(let value):
            return IPAddress.v4(value).octets.map { String($0) }.joined(separator: ".")
        case .v6(let high, let low):
            if case .v4 = unmapped { return "::ffff:\(unmapped)" }
            let shifts: [UInt64] = [48, 32, 16, 0]
            let groups = shifts.map { high >> $0 & 0xFFFF } + shifts.map { low >> $0 & 0xFFFF }
            let texts = groups.map { String($0, radix: 16) }
            guard let zeros = Self.longestZeros(groups) else { return texts.joined(separator: ":") }
            return texts[..<zeros.lowerBound].joined(separator: ":") + "::"
                + texts[zeros.upperBound...].joined(separator: ":")
        }
    }

    /// The IPv4 address where this is an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2), else the address itself.
    public var unmapped: IPAddress {
        switch self {
        case .v6(high: 0, let low) where low >> 32 == 0xFFFF:
            .v4(UInt32(truncatingIfNeeded: low))
        case .v4, .v6:
            self
        }
    }

    /// The first of the longest runs of two or more zero groups (RFC 5952 §4.2).
    private static func longestZeros(_ groups: [UInt64]) -> Range<Int>? {
        var best: Range<Int>?
        var start: Int?
        for index in 0...groups.count {
            if index < groups.count, groups[index] == 0 {
                start = start ?? index
            } else if let first = start {
                if index - first >= 2, index - first > (best?.count ?? 0) { best = first..<index }
                start = nil
            }
        }
        return best
    }

    /// Four numbers of one to three digits (RFC 5321 §4.1.3 `Snum`).
    private static func dotted(_ bytes: ArraySlice<UInt8>) -> UInt32? {
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard part.count == 1 || part.first != UInt8(ascii: "0"), let number = ASCII.decimal(part, as: UInt8.self)
            else { return nil }
            value = value << 8 | UInt32(number)
        }
        return value
    }

    /// The eight groups of an IPv6 text (RFC 4291 §2.2): `::` once, and a dotted IPv4 tail in place of the last two.
    private static func groups(_ bytes: [UInt8]) -> [UInt16]? {
        // "::" splits the text in two; a third part would be a second "::".
        var halves: [ArraySlice<UInt8>] = [bytes[...]]
        let colon = UInt8(ascii: ":")
        if let gap = bytes.indices.dropLast().first(where: { bytes[$0] == colon && bytes[$0 + 1] == colon }) {
            halves = [bytes[..<gap], bytes[(gap + 2)...]]
        }
        var parsed: [[UInt16]] = []
        for (index, half) in halves.enumerated() {
            guard let groups = groups(half, mayEndInIPv4: index == halves.count - 1) else { return nil }
            parsed.append(groups)
        }
        guard let front = parsed.first, let back = parsed.last else { return nil }
        if parsed.count == 1 { return front.count == 8 ? front : nil }
        let missing = 8 - front.count - back.count
        guard missing >= 1 else { return nil }
        return front + [UInt16](repeating: 0, count: missing) + back
    }

    private static func groups(_ bytes: ArraySlice<UInt8>, mayEndInIPv4: Bool) -> [UInt16]? {
        if bytes.isEmpty { return [] }
        let parts = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        var groups: [UInt16] = []
        for (index, part) in parts.enumerated() {
            if mayEndInIPv4, index == parts.count - 1, part.contains(UInt8(ascii: ".")) {
                guard let value = dotted(part) else { return nil }
                groups += [UInt16(truncatingIfNeeded: value >> 16), UInt16(truncatingIfNeeded: value)]
                continue
            }
            guard (1...4).contains(part.count) else { return nil }
            var group: UInt16 = 0
            for byte in part {
                guard let digit = ASCII.hexDigitValue(byte) else { return nil }
                group = group << 4 | UInt16(digit)
            }
            groups.append(group)
        }
        return groups.count <= 8 ? groups : nil
    }
}
