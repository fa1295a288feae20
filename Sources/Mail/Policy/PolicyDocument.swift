/// The JSON of `relayctl policy`: a contract, so names and spellings are fixed, and absent values are `null`, not absent.
///
/// Made from the same facts and decisions that a delivery uses, by ``init(_:settings:)``; nothing is decided here but
/// the outcome. `mta_sts` and `tlsrpt` are part of the contract and `null` until these capabilities come.
public struct PolicyDocument: Hashable, Sendable, Codable {
    public var domain: String
    public var mx: MX
    public var mtaSTS: Reserved?
    public var tlsrpt: Reserved?
    public var hosts: [Host]
    public var outcome: Outcome
    public var because: String

    /// What is to be expected of a delivery now.
    public enum Outcome: String, Hashable, Sendable, Codable, CaseIterable {
        /// Every host that may be used must prove who it is, and the way to it is secure.
        case authenticated
        /// Some host may be used without. DANE behind an insecure MX counts here (`dane-host`, D1, RFC 7672 §2.2.1).
        case unauthenticated
        /// No host can be used now.
        case undeliverable

        /// The exit code of `relayctl policy`.
        public var exitCode: Int32 {
            switch self {
            case .authenticated: 0
            case .unauthenticated: 1
            case .undeliverable: 2
            }
        }
    }

    /// A key whose content a later capability defines.
    public struct Reserved: Hashable, Sendable, Codable {
        public init() {}
    }

    public struct MX: Hashable, Sendable, Codable {
        /// `null` where no MX lookup belongs to the next hop.
        public var security: String?
        public var implicit: Bool
        public var null: Bool
        public var records: [Record]
        public var error: String?
    }

    public struct Record: Hashable, Sendable, Codable {
        public var preference: UInt16
        public var host: String
    }

    public struct Host: Hashable, Sendable, Codable {
        public var host: String
        public var preference: UInt16
        public var addresses: [String]
        public var addressSecurity: String?
        public var tlsa: TLSA
        /// `null` until MTA-STS comes.
        public var stsMatch: Bool?
        /// `null` for a host that cannot be used whatever it shows: then `skipped` says why.
        public var requirement: Requirement?
        /// Why the host counts as unreachable now; `null` for a host that may be used.
        public var skipped: Skipped?
    }

    public struct TLSA: Hashable, Sendable, Codable {
        public var baseDomain: String?
        public var lookup: String
        public var security: String?
        public var records: [TLSARow]
    }

    public struct TLSARow: Hashable, Sendable, Codable {
        public var usage: UInt8
        public var selector: UInt8
        public var matchingType: UInt8
        /// Lower-case hexadecimal.
        public var data: String
        public var usable: Bool
        public var whyUnusable: String?
    }

    public struct Requirement: Hashable, Sendable, Codable {
        public var level: String
        public var by: String?
        public var cleartextAllowed: Bool
        public var reason: String
    }

    public struct Skipped: Hashable, Sendable, Codable {
        public var cause: String
        public var detail: String
    }

    /// 0 every host that may be used is authenticated, 1 some may be used unauthenticated, 2 nothing can be delivered.
    public var exitCode: Int32 { outcome.exitCode }
}
