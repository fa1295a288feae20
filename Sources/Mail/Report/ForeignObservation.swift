/// What another mail server of this machine saw, as it says in a datagram of libtlsrpt: Postfix 3.10 and later at
/// `smtp_tlsrpt_socket_name`. JSON with short keys and numbers; ``Wire`` has them.
///
/// Whoever may write to the socket is believed in what it counts, but it quotes strangers, and a datagram may be anything.
public enum ForeignObservation {
    /// Octets of a datagram. Ours; libtlsrpt has no limit, the kernel's is some 200,000.
    public static let datagramLimit = 65_536
    /// Policies in a datagram. Postfix sends one. Ours.
    public static let policyLimit = 16
    /// Strings of a policy, and as many host patterns. Ours: as many as we look at of TLSA records.
    public static let stringLimit = RecordLimits.tlsa
    /// Octets of each. A certificate in a TLSA record is the longest. Ours.
    public static let stringLength = 16_384
    /// Failures of a policy. Ours.
    public static let failureLimit = 64
    /// Octets of a name, an address or a reason; the rest is cut. Ours.
    public static let wordsLimit = 255

    /// `failure-reason-code` of a failure that came without any detail.
    public static let unspecified = "unspecified"

    /// Reads a datagram: a session for each policy in it, in its order. A datagram is counted whole or not at all.
    ///
    /// The final result counts: a policy that was met in the end is a success, whatever failed before, and one that was not
    /// is a failure, also where nothing says why (``unspecified``).
    public static func read(datagram: [UInt8]) -> Result<[ReportedSession], ForeignObservationFault> {
        do throws(ForeignObservationFault) {
            if datagram.count > datagramLimit {
                throw ForeignObservationFault("it has more than \(datagramLimit) octets")
            }
            return .success(try sessions(Wire(reading: datagram)))
        } catch {
            return .failure(error)
        }
    }

    private static func sessions(_ wire: Wire) throws(ForeignObservationFault) -> [ReportedSession] {
        // Versions of libtlsrpt before 0.5.0 name none.
        if let version = wire.dpv, version != Wire.version {
            throw ForeignObservationFault("its protocol version is not \(Wire.version)")
        }
        let domain = try name(wire.d, "d")
        if wire.policies.isEmpty { throw ForeignObservationFault("it has no policies") }
        if wire.policies.count > policyLimit {
            throw ForeignObservationFault("it has more than \(policyLimit) policies")
        }
        var sessions: [ReportedSession] = []
        for policy in wire.policies {
            sessions.append(try session(policy, of: domain))
        }
        return sessions
    }

    private static func session(
        _ wire: Wire.Policy, of domain: DomainName
    ) throws(ForeignObservationFault) -> ReportedSession {
        guard let type = Wire.policyTypes[wire.type] else {
            throw ForeignObservationFault("its policy type \(wire.type) is unknown")
        }
        guard let isFailure = Wire.finalResults[wire.f] else {
            throw ForeignObservationFault("its final result \(wire.f) is unknown")
        }
        // The library leaves the name out where it was given none, as a policy that was not found may have none.
        var policy = ReportedPolicy(type, domain: domain)
        if let text = wire.domain, !text.isEmpty { policy.domain = try name(text, "policy-domain") }
        if type != .noPolicyFound {
            policy.strings = try strings(wire.strings, "policy-string")
            policy.mxHosts = try strings(wire.mxHosts, "mx-host").map { $0.lowercased() }
        }
        // Postfix writes the hexadecimal in upper case: the same records are one policy.
        if type == .tlsa { policy.strings = policy.strings.map { $0.lowercased() } }
        let details = wire.failures ?? []
        if details.count > failureLimit {
            throw ForeignObservationFault("it has more than \(failureLimit) failures")
        }
        guard isFailure else { return ReportedSession(domain: domain, policy: policy) }
        var failures: [FailureDetail] = []
        for detail in details {
            failures.append(try failure(detail))
        }
        if failures.isEmpty { failures = [FailureDetail(.validationFailure, reasonCode: unspecified)] }
        return ReportedSession(domain: domain, policy: policy, failures: failures)
    }

    private static func failure(_ wire: Wire.Failure) throws(ForeignObservationFault) -> FailureDetail {
        guard let type = Wire.resultTypes[wire.c] else {
            throw ForeignObservationFault("its failure code \(wire.c) is unknown")
        }
        return FailureDetail(
            type, reasonCode: words(wire.f), sendingAddress: address(wire.s), receivingHost: host(wire.n),
            receivingHELO: greetedName(wire.h), receivingAddress: address(wire.r))
    }

    // MARK: Values

    private static func name(_ text: String, _ key: String) throws(ForeignObservationFault) -> DomainName {
        guard let name = try? DomainName(text) else {
            throw ForeignObservationFault("its \"\(key)\" is no domain name")
        }
        return name
    }

    private static func strings(_ values: [String]?, _ key: String) throws(ForeignObservationFault) -> [String] {
        let values = values ?? []
        if values.count > stringLimit { throw ForeignObservationFault("it has more than \(stringLimit) of \"\(key)\"") }
        guard values.allSatisfy({ $0.utf8.count <= stringLength }) else {
            throw ForeignObservationFault("one of its \"\(key)\" has more than \(stringLength) octets")
        }
        return values
    }

    /// Nothing where it is empty, as Postfix has it for what it does not know.
    private static func words(_ text: String?) -> String? {
        var octets: [UInt8] = []
        for scalar in (text ?? "").unicodeScalars {
            let encoded = Unicode.UTF8.encode(scalar).map(Array.init) ?? []
            if octets.count + encoded.count > wordsLimit { break }
            octets += encoded
        }
        let words = SafeText.string(octets)
        return words.isEmpty ? nil : words
    }

    private static func address(_ text: String?) -> IPAddress? {
        text.flatMap { $0.utf8.count <= wordsLimit ? IPAddress($0)?.unmapped : nil }
    }

    private static func host(_ text: String?) -> String? {
        text.flatMap { try? DomainName($0).text } ?? words(text)
    }

    /// Postfix quotes the whole reply to EHLO. Of `250-mx.example.com Hello` and its further lines the name is kept, which is
    /// what the server calls itself (RFC 5321 §4.1.1.1).
    private static func greetedName(_ text: String?) -> String? {
        guard let text else { return nil }
        var line = text.utf8.prefix { $0 != ASCII.carriageReturn && $0 != ASCII.lineFeed }
        let code = line.prefix(4)
        if code.count == 4, code.prefix(3).allSatisfy(ASCII.isDigit), let last = code.last,
            last == ASCII.space || last == UInt8(ascii: "-")
        {
            line = line.dropFirst(4)
        }
        return words(String(decoding: line.drop(while: ASCII.isBlank).prefix { !ASCII.isBlank($0) }, as: UTF8.self))
    }
}

/// Why a datagram is not counted.
public struct ForeignObservationFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// One clause, safe for a log.
    public let words: String

    public init(_ words: String) { self.words = words }

    public var description: String { words }
}
