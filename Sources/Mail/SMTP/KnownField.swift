/// The fields of a header section that an intake must know of.
enum KnownField: UInt8, CaseIterable {
    case received
    case tlsRequired
    case reportDomain
    case reportSubmitter
    case date
    case messageID
    case from

    /// In lower case.
    var name: String {
        switch self {
        case .received: "received"
        case .tlsRequired: "tls-required"
        case .reportDomain: "tls-report-domain"
        case .reportSubmitter: "tls-report-submitter"
        case .date: "date"
        case .messageID: "message-id"
        case .from: "from"
        }
    }

    var bit: Mask { 1 << rawValue }

    /// A bit for each field.
    typealias Mask = UInt8

    /// A name that goes by, octet by octet and in any case, compared with all the known ones at once.
    struct Match {
        /// Fields whose names begin with the octets so far.
        private var candidates = Mask.max
        private var length = 0

        /// Takes the next octet; false where no known name goes on with it.
        mutating func take(_ byte: UInt8, in table: Table) -> Bool {
            guard byte < 0x80, length < table.longest else { return false }
            candidates &= table.fields[length << 7 | Int(ASCII.lowercased(byte))]
            length += 1
            return candidates != 0
        }

        /// The field whose whole name was taken.
        func field(in table: Table) -> KnownField? {
            let whole = candidates & table.ends[length]
            return whole == 0 ? nil : KnownField(rawValue: UInt8(truncatingIfNeeded: whole.trailingZeroBitCount))
        }
    }

    /// What ``Match`` looks up. Whoever matches keeps it: reaching for `shared` costs as much as some octets.
    struct Table: Sendable {
        static let shared = Table()

        /// For each place in a name and each octet of ASCII: the fields that have the octet there.
        fileprivate let fields: [Mask]
        /// For each length: the fields whose names have it.
        fileprivate let ends: [Mask]
        fileprivate let longest: Int

        private init() {
            longest = KnownField.allCases.map(\.name.utf8.count).max() ?? 0
            var fields = [Mask](repeating: 0, count: longest << 7)
            var ends = [Mask](repeating: 0, count: longest + 1)
            for field in KnownField.allCases {
                for (place, byte) in field.name.utf8.enumerated() { fields[place << 7 | Int(byte)] |= field.bit }
                ends[field.name.utf8.count] |= field.bit
            }
            self.fields = fields
            self.ends = ends
        }
    }
}
