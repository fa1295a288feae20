/// The TXT record at `_smtp._tls.<policy domain>` (RFC 8460 §3): who wants reports.
public struct TLSRPTRecord: Hashable, Sendable {
    /// Where reports may go, in the order of the record. Empty where the record names no way that we know (RPTC-04): it
    /// counts, and nobody is written to.
    public let rua: [ReportAddress]

    public init(rua: [ReportAddress]) {
        self.rua = rua
    }

    /// Destinations that are kept: a record is a stranger's wish, and each one costs us a delivery a day.
    public static let destinationLimit = 10

    /// Reads the whole set of an answer, each element one record with its strings joined
    /// (``TXTRecord/joined(rdata:)``).
    ///
    /// Records that do not begin with `v=TLSRPTv1;` are dropped, and exactly one must be left (RPTC-02); here a blank
    /// before the `;` is let pass, as the grammar has it: the worst that can come of it is a report to one who asked
    /// for it. For the same reason blanks at the end do no harm, and every `rua` field counts, not only the first. A
    /// URI that is none is passed over where another stands beside it (RPTC-04).
    public static func read(_ records: [[UInt8]]) -> RecordReading<TLSRPTRecord> {
        do throws(RecordFault) {
            let record = try RecordFields.only("v=TLSRPTv1", in: records) {
                $0.first(where: { !ASCII.isBlank($0) }) == UInt8(ascii: ";")
            }
            let fields = try RecordFields(record).fields
            for field in fields where field.name != "rua" {
                let value = RecordFields.trimmedAtEnd(field.value)
                guard !value.isEmpty, RecordFields.Field(name: field.name, value: value).isPlain else {
                    throw RecordFault("the value of \"\(field.name)\" is malformed")
                }
            }
            let lists = fields.filter { $0.name == "rua" }
            guard !lists.isEmpty else { throw RecordFault("\"rua\" is missing") }
            let uris = lists.flatMap { $0.value.split(separator: UInt8(ascii: ",")) }.map(ReportAddress.trimmed)
                .filter(ReportAddress.isURI)
            guard !uris.isEmpty else { throw RecordFault("\"rua\" holds no URI") }
            return .found(
                TLSRPTRecord(rua: Array(uris.compactMap(ReportAddress.init(uri:)).prefix(destinationLimit))))
        } catch {
            return .none(why: error.words)
        }
    }

    /// Reads an answer for `_smtp._tls.<domain>`. A failed or bogus lookup is no record for now, and never touches the
    /// delivery of mail (RPTC-05, SEC-14).
    public static func read(_ answer: Answer) -> RecordReading<TLSRPTRecord> {
        switch TXTLookup(answer) {
        case .records(let records): read(records)
        case .absent(let why): .none(why: why)
        case .failed(let words): .failed(why: words)
        }
    }
}
