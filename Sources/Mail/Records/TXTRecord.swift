/// The RDATA of a TXT record (RFC 1035 §3.3.14).
public enum TXTRecord {
    /// The character-strings of one record, joined without a separator (STS-03; RFC 8461 §3.1, RFC 8460 §3). Nil where
    /// the RDATA is no run of at least one length-prefixed string that ends where the RDATA ends.
    public static func joined(rdata: [UInt8]) -> [UInt8]? {
        var rest = rdata[...]
        guard !rest.isEmpty else { return nil }
        var text: [UInt8] = []
        while let length = rest.popFirst() {
            guard rest.count >= Int(length) else { return nil }
            text += rest.prefix(Int(length))
            rest = rest.dropFirst(Int(length))
        }
        return text
    }
}

/// What a set of TXT records says about one subject.
public enum RecordReading<Value> {
    case found(Value)
    /// No record that counts; the words say why, in one line that is safe for a log.
    case none(why: String)
    /// Whether there is one is not known: the lookup failed.
    case failed(why: String)

    /// The value, where there is one.
    public var value: Value? {
        if case .found(let value) = self { value } else { nil }
    }
}

extension RecordReading: Equatable where Value: Equatable {}
extension RecordReading: Hashable where Value: Hashable {}
extension RecordReading: Sendable where Value: Sendable {}

/// What came of a TXT lookup, before the records are read.
enum TXTLookup {
    /// The joined text of each well-formed record.
    case records([[UInt8]])
    case absent(String)
    /// Nothing is known: bogus, failed, or a set of which nothing can be read (SEC-05, SEC-14).
    case failed(String)

    init(_ answer: Answer) {
        if let failure = answer.failure {
            self = .failed(failure)
            return
        }
        switch answer.result {
        case .noSuchName: self = .absent("no such name")
        case .noData: self = .absent("no TXT record")
        case .failed(let words): self = .failed(words)
        case .records(let rdata):
            // A record that is malformed is void, the others are not; where all are, that is a malformed answer.
            let readable = rdata.compactMap(TXTRecord.joined)
            self = readable.isEmpty ? .failed("the TXT records are malformed") : .records(readable)
        }
    }
}
