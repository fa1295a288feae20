/// The TXT record at `_mta-sts.<policy domain>` (RFC 8461 §3.1): there is a policy, and this is the name of its
/// version.
public struct STSRecord: Hashable, Sendable {
    /// 1 to ``idLimit`` letters and digits. Any difference is a new policy; there is no order (STS-25).
    public let id: String

    /// Octets (RFC 8461 §3.1).
    public static let idLimit = 32

    /// Nil where `id` is none.
    public init?(id: some StringProtocol) {
        guard Self.isID(id.utf8) else { return nil }
        self.id = String(id)
    }

    /// Reads the whole set of an answer, each element one record with its strings joined
    /// (``TXTRecord/joined(rdata:)``).
    ///
    /// Records that do not begin with `v=STSv1;` are dropped, and exactly one must be left (STS-04). The grammar would
    /// allow a blank before that `;`; the rule for dropping does not, and it comes first (RFC 8461 §3.1, erratum 6285;
    /// D12).
    public static func read(_ records: [[UInt8]]) -> RecordReading<STSRecord> {
        do throws(RecordFault) {
            let record = try RecordFields.only("v=STSv1", in: records) { $0.first == UInt8(ascii: ";") }
            let fields = try RecordFields(record).fields
            for field in fields where !field.isPlain {
                throw RecordFault(
                    "the value of \"\(field.name)\" holds something else than printable US-ASCII without blank and \"=\""
                )
            }
            // Of a repeated field the first counts (STS-06), good or bad.
            guard let field = fields.first(where: { $0.name == "id" }) else { throw RecordFault("\"id\" is missing") }
            guard let record = STSRecord(id: String(decoding: field.value, as: UTF8.self)) else {
                throw RecordFault(
                    "the id \"\(RecordFields.quoted(field.value))\" is not 1 to \(idLimit) letters and digits")
            }
            return .found(record)
        } catch {
            return .none(why: error.words)
        }
    }

    private static func isID(_ text: some Collection<UInt8>) -> Bool {
        (1...idLimit).contains(text.count) && text.allSatisfy(ASCII.isAlphanumeric)
    }
}

extension DomainName {
    /// `_mta-sts.<self>` (RFC 8461 §3.1); nil where it gets too long.
    public var stsRecordName: DomainName? { try? DomainName("_mta-sts.\(text)") }

    /// `mta-sts.<self>`, the policy host (RFC 8461 §3.2); nil where it gets too long.
    public var stsPolicyHost: DomainName? { try? DomainName("mta-sts.\(text)") }

    /// `_smtp._tls.<self>` (RFC 8460 §3); nil where it gets too long.
    public var tlsrptRecordName: DomainName? { try? DomainName("_smtp._tls.\(text)") }
}
