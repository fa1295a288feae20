/// The mechanisms by which a client may log in here, strongest first (RFC 4954 §4).
public enum SASLMechanismName: String, Hashable, Sendable, CaseIterable {
    /// RFC 7677, with channel binding (RFC 5802 §6).
    case scramSHA256Plus = "SCRAM-SHA-256-PLUS"
    /// RFC 7677
    case scramSHA256 = "SCRAM-SHA-256"
    /// RFC 4616
    case plain = "PLAIN"
    /// Never a standard; what is left of it in the field are clients that have nothing else.
    case login = "LOGIN"

    /// In any case (RFC 4422 §3.1 has upper case; clients are not all of that mind).
    public init?(_ text: String) {
        guard let found = Self.allCases.first(where: { ASCII.equalIgnoringCase($0.rawValue.utf8, text.utf8) }) else {
            return nil
        }
        self = found
    }

    /// The password itself is sent: offered and taken inside TLS alone (SRV-45).
    public var sendsPassword: Bool { self == .plain || self == .login }

    /// What may be offered, in our order.
    ///
    /// - Parameters:
    ///   - isSecured: the session is inside TLS.
    ///   - bindings: of its channel; without any, PLUS cannot be had.
    public static func offered(isSecured: Bool, bindings: [ChannelBindingType: [UInt8]]) -> [SASLMechanismName] {
        allCases.filter { mechanism in
            switch mechanism {
            case .scramSHA256Plus: isSecured && !bindings.isEmpty
            case .scramSHA256: true
            case .plain, .login: isSecured
            }
        }
    }
}

/// What ties an exchange to the TLS connection it runs in (RFC 5056 §2.1).
public enum ChannelBindingType: String, Hashable, Sendable, CaseIterable {
    /// RFC 9266 §2: for TLS 1.3, and before it where the extended master secret is in use.
    case tlsExporter = "tls-exporter"
    /// RFC 5929 §3: for TLS 1.2 and older.
    case tlsUnique = "tls-unique"
    /// RFC 5929 §4: the digest of our certificate.
    case tlsServerEndPoint = "tls-server-end-point"
}
