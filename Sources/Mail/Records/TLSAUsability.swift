extension TLSARecord {
    /// What SMTP makes of a record. An unusable one never voids its set: TLS stays demanded (RFC 7672 §2.2, DANE-15).
    public enum Usability: Hashable, Sendable {
        case usable
        case unusable(Fault)
    }

    /// Why a record cannot be used.
    public enum Fault: Hashable, Sendable, CustomStringConvertible {
        /// 0 and 1 would need a common set of public CAs, which SMTP has not (RFC 7672 §3.1.3, DANE-24).
        case pkixUsage(UInt8)
        case unknownUsage(UInt8)
        case unknownSelector(UInt8)
        case unknownMatchingType(UInt8)
        case noData
        case digestLength(expected: Int, found: Int)
        /// Full(0) data that is no DER of a certificate or a key.
        case notDER
        /// Full(0) data in DER that OpenSSL cannot read as what the selector says (DANE-26).
        case unreadable(selector: UInt8)

        public var description: String {
            switch self {
            case .pkixUsage(let usage):
                "certificate usage \(usage) (\(usage == 0 ? "PKIX-TA" : "PKIX-EE")) is not for SMTP"
            case .unknownUsage(let usage): "certificate usage \(usage) is not known"
            case .unknownSelector(let selector): "selector \(selector) is not known"
            case .unknownMatchingType(let type): "matching type \(type) is not known"
            case .noData: "no certificate association data"
            case .digestLength(let expected, let found): "digest of \(found) octets where \(expected) are due"
            case .notDER: "the data is not DER"
            case .unreadable(let selector):
                "the data is DER, but no \(selector == 0 ? "certificate" : "public key") that can be read"
            }
        }
    }

    /// Octets of a SHA2-256 digest (RFC 6698 §2.1.3).
    static let sha256Length = 32
    /// Octets of a SHA2-512 digest (RFC 6698 §2.1.3).
    static let sha512Length = 64

    /// Whether the record can be used on port 25, judged by its form alone (RFC 7672 §3.1, RFC 6698 §4.1).
    public var usability: Usability {
        switch usage {
        case 0, 1: return .unusable(.pkixUsage(usage))
        case 2, 3: break
        default: return .unusable(.unknownUsage(usage))
        }
        // RFC 6698 §4.1: what we do not know makes this record unusable, and no other of the set (DANE-25).
        guard selector <= 1 else { return .unusable(.unknownSelector(selector)) }
        guard matchingType <= 2 else { return .unusable(.unknownMatchingType(matchingType)) }
        guard !data.isEmpty else { return .unusable(.noData) }
        switch matchingType {
        case 1 where data.count != Self.sha256Length:
            return .unusable(.digestLength(expected: Self.sha256Length, found: data.count))
        case 2 where data.count != Self.sha512Length:
            return .unusable(.digestLength(expected: Self.sha512Length, found: data.count))
        case 0 where !Self.isSequenceOfSequence(data):
            return .unusable(.notDER)
        default:
            return .usable
        }
    }

    public var isUsable: Bool { usability == .usable }

    /// True where `data` is one DER SEQUENCE to its last octet that begins with a SEQUENCE: the outline of both a
    /// certificate (RFC 5280 §4.1) and a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7). The contents are OpenSSL's affair.
    private static func isSequenceOfSequence(_ data: [UInt8]) -> Bool {
        var rest = data[...]
        guard rest.popFirst() == 0x30, let first = rest.popFirst() else { return false }
        var length = Int(first)
        if first >= 0x80 {
            // Definite long form: 1 to 4 octets of length, as few as possible (X.690 §10.1).
            let count = Int(first & 0x7F)
            guard (1...4).contains(count), rest.count >= count else { return false }
            length = rest.prefix(count).reduce(0) { $0 << 8 | Int($1) }
            guard length >= 0x80, rest.first != 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return rest.count == length && rest.first == 0x30
    }
}

extension DigestOrder {
    /// Applies digest algorithm agility to usable records (RFC 7671 §9, DANE-43): for each usage and selector Full(0)
    /// stays, and of the digests only the strongest kind that is there. A set that publishes a strong digest cannot be
    /// satisfied by a weak one that lies beside it.
    public func strongest(of usable: [TLSARecord]) -> [TLSARecord] {
        // One kind of digest alone, as nearly always: all stay.
        guard let first = usable.first(where: { $0.matchingType != 0 })?.matchingType,
            usable.contains(where: { $0.matchingType != 0 && $0.matchingType != first })
        else { return usable }
        // Sets are small (``RecordLimits/tlsa``).
        return usable.filter { record in
            record.matchingType == 0
                || !usable.contains { other in
                    other.matchingType != 0 && (other.usage, other.selector) == (record.usage, record.selector)
                        && rank(other.matchingType) < rank(record.matchingType)
                }
        }
    }

    private func rank(_ matchingType: UInt8) -> Int {
        matchingTypes.firstIndex(of: matchingType) ?? matchingTypes.count + Int(matchingType)
    }
}
