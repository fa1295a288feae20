@testable import Mail

/// Makes sightings short to write: host number n stands in a network and a domain of its own.
enum Sighted {
    static let start = WallTime(seconds: 1_795_000_000)

    static func host(
        _ number: Int, _ evidence: PeerEvidence? = nil, at seconds: Int64 = 0, by basis: TLSRequirement.Basis? = nil,
        contact: HostSighting.Contact = .greeted, cause: Reason.Cause = .connectFailed, port: UInt16 = 25,
        named name: String? = nil, address: IPAddress? = nil, greeting: Int64? = nil
    ) -> HostSighting {
        let time = start.advanced(by: seconds)
        let text = name ?? "mx.d\(number).example"
        return HostSighting(
            time: time, domain: nil, host: (try? DomainName(text)).map { MXHost.name($0) } ?? .unreadable(text),
            address: address ?? .v4(0x0A00_0000 + UInt32(number) << 8), port: port, contact: contact,
            requirement: TLSRequirement(
                level: basis == nil ? .opportunistic : .authenticated, by: basis, serverName: nil,
                reason: Explanation("test")),
            evidence: evidence, refusal: contact == .unreachable ? Reason(cause, "no") : nil,
            greetingTime: greeting.map { time.advanced(by: $0) })
    }

    static func session(from first: Int64 = -86_400, to last: Int64 = 86_400, resumed: Bool = false, at: Int64 = 0)
        -> PeerEvidence
    {
        .established(
            TLSSessionFacts(
                version: "TLSv1.3", cipher: "c", resumed: resumed, verification: .unverified,
                certificate: CertificateFacts(
                    subject: "s", names: [], notBefore: start.advanced(by: at + first),
                    notAfter: start.advanced(by: at + last))))
    }

    static let clear = PeerEvidence.startTLSNotOffered
    static let secured = session()
}

extension AlarmFinding {
    /// "fault", "well" or "unknown".
    var word: String {
        switch self {
        case .fault: "fault"
        case .well: "well"
        case .unknown: "unknown"
        }
    }
}
