extension STSRecordFacts {
    /// What an answer for `_mta-sts.<policy domain>` TXT says. Aliases were followed by the resolver (STS-07), and
    /// DNSSEC is not asked for; but failed and bogus are no proof that there is no record (SEC-14).
    public init(reading answer: Answer) {
        switch TXTLookup(answer) {
        case .failed(let words): self = .failed(words)
        case .absent(let why): self = .absent(why)
        case .records(let records):
            switch STSRecord.read(records) {
            case .found(let record): self = .found(id: record.id)
            case .none(let why): self = .absent(why)
            case .failed(let words): self = .failed(words)
            }
        }
    }
}
