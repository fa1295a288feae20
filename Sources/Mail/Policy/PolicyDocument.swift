/// The JSON of `relayctl policy` and `relayctl probe`: a contract, so names and spellings are fixed, and absent values are
/// `null`, not absent.
///
/// Made from the decision that a delivery uses, by ``init(_:domain:route:tlsrpt:)``; nothing is decided here but the
/// outcome. Times are seconds since the epoch.
public struct PolicyDocument: Hashable, Sendable, Codable {
    /// The domain that was asked for, as A-labels.
    public var domain: String
    /// Where the operator sends mail for the domain; `null` where its own MX records decide.
    public var route: RouteRow?
    /// Part of the name that TLSA records are asked for at: `_25._tcp` (RFC 7672 §2.2.3).
    public var port: UInt16
    public var mx: MX
    /// `null` where MTA-STS does not apply: the next hop is no domain, or MTA-STS is switched off.
    public var mtaSTS: MTASTS?
    /// `null` where nobody looked.
    public var tlsrpt: TLSRPT?
    /// Whether the domain has an MTA-STS policy is not known, and nothing is cached (RFC 8461 §3.3): mail goes on without.
    public var stsUnknown: Bool
    /// The operator's exception for the next-hop domain; `null` where none holds.
    public var exception: ExceptionRow?
    public var hosts: [Host]
    /// By what is in force: what an exception lowers is lowered here too.
    public var outcome: Outcome
    /// Of an ``Outcome/undeliverable``: true where mail is returned at once, false where it waits for something to change.
    public var permanent: Bool
    public var because: String

    /// What is to be expected of a delivery now.
    public enum Outcome: String, Hashable, Sendable, Codable, CaseIterable {
        /// Every host that may be used must prove who it is, and the way to it is secure.
        case authenticated
        /// Some host may be used without. DANE behind an insecure MX counts here (`dane-host`, D1, RFC 7672 §2.2.1).
        case unauthenticated
        /// No host can be used, now or ever: ``PolicyDocument/permanent`` says which.
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

    /// A next hop that the operator configured (MX-17).
    public struct RouteRow: Hashable, Sendable, Codable {
        public var nextHop: String
        /// `rule "example.org"`
        public var rule: String

        public init(nextHop: String, rule: String) {
            self.nextHop = nextHop
            self.rule = rule
        }
    }

    public struct MX: Hashable, Sendable, Codable {
        /// `found`, `implicit`, `null`, `no-such-domain`, `failed` or `not-queried`.
        public var lookup: String
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
        /// Whether the MTA-STS policy lists the host (RFC 8461 §4.1); `null` where none is in force.
        public var stsMatch: Bool?
        /// `null` for a host that cannot be used whatever it shows: then `skipped` says why.
        public var requirement: Requirement?
        /// Why the host counts as unreachable now; `null` for a host that may be used.
        public var skipped: Skipped?
        /// The operator's rules that hold for the host, most specific first; `null` where none does.
        public var rule: String?
        /// What those rules set that bears on the outcome.
        public var settings: [Setting]
        /// Each step of the decision, in order.
        public var reasons: [Step]
        /// What is evaluated beside it, where it comes to something else.
        public var shadows: [Shadow]
        /// Of `relayctl probe` only, one for each address; else the key is absent.
        public var attempts: [Attempt]?
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
        /// The section that demands it: `RFC 7672 §2.2`.
        public var source: String?
        /// What must be proved, of each group at least one: `dane`, `webpki`, `pkix`, `fingerprint`.
        public var demands: [[String]]
        /// True where what is demanded proves that the host is one of the domain's own, not only that it has its name.
        public var provesDomain: Bool
    }

    /// A key of a `[[rule]]` and its value.
    public struct Setting: Hashable, Sendable, Codable {
        /// As in the configuration: `level`, `dane`, `mta_sts` or `requiretls`.
        public var key: String
        /// `off`
        public var value: String
        /// `rule "example.org" (the operator's own words)`
        public var rule: String

        public init(key: String, value: String, rule: String) {
            self.key = key
            self.value = value
            self.rule = rule
        }
    }

    public struct Skipped: Hashable, Sendable, Codable {
        public var cause: String
        public var detail: String
    }

    /// One sentence of the explanation.
    public struct Step: Hashable, Sendable, Codable {
        public var text: String
        public var source: String?

        public init(text: String, source: String?) {
            self.text = text
            self.source = source
        }
    }

    /// 0 every host that may be used is authenticated, 1 some may be used unauthenticated, 2 nothing can be delivered.
    public var exitCode: Int32 { outcome.exitCode }
}
