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

        /// Takes the next octet, not a colon; false where no known name goes on with it.
        mutating func take(_ byte: UInt8, in table: Table) -> Bool {
            if candidates == 0 { return false }
            candidates &= table.fields(at: length, ASCII.lowercased(byte))
            length += 1
            return candidates != 0
        }

        /// The field whose whole name was taken.
        func field(in table: Table) -> KnownField? {
            if candidates == 0 { return nil }
            let whole = candidates & table.fields(at: length, Table.end)
            return whole == 0 ? nil : KnownField(rawValue: UInt8(truncatingIfNeeded: whole.trailingZeroBitCount))
        }
    }

    /// What ``Match`` looks up. Whoever matches keeps it: reaching for `shared` costs as much as some octets.
    struct Table: Sendable {
        static let shared = Table()
        /// Stands behind each name.
        fileprivate static let end = UInt8(ascii: ":")

        private let masks: [Mask]

        private init() {
            // Each name has an end, so that whoever still matches is never past the last place.
            let longest = KnownField.allCases.map(\.name.utf8.count).max() ?? 0
            var masks = [Mask](repeating: 0, count: (longest + 1) << 8)
            for field in KnownField.allCases {
                for (place, byte) in Array("\(field.name):".utf8).enumerated() {
                    masks[place << 8 | Int(byte)] |= field.bit
                }
            }
            self.masks = masks
        }

        /// The fields whose names have `byte` at that place.
        fileprivate func fields(at place: Int, _ byte: UInt8) -> Mask {
            masks[place << 8 | Int(byte)]
        }
    }
}
