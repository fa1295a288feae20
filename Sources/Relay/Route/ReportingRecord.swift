import DNS
import Mail

extension Resolver {
    /// Who wants reports on mail to `nextHop` (RFC 8460 §3); nil where the next hop has no domain.
    func tlsrpt(of nextHop: NextHop) async -> RecordReading<TLSRPTRecord>? {
        guard let domain = nextHop.domain else { return nil }
        return await tlsrpt(of: domain)
    }

    /// Who wants reports on mail to `domain`.
    func tlsrpt(of domain: DomainName) async -> RecordReading<TLSRPTRecord> {
        guard let name = domain.tlsrptRecordName else {
            return RecordReading.none(why: "the name with _smtp._tls in front would be too long for DNS")
        }
        return TLSRPTRecord.read(await resolve(Question(name, .txt)))
    }
}
