/// What DNS says of a key (DKIM-23).
public enum DKIMPublication: Hashable, Sendable {
    /// Its record is there and is its own.
    case published
    /// A verifier would refuse what it signs; why, as the end of a sentence that begins with the record's name.
    case unfit(String)
    /// It could not be looked up, and was not seen before; why.
    case unknown(String)

    /// Why the key may not sign; nil where it may.
    public var obstacle: String? {
        switch self {
        case .published: nil
        case .unfit(let words), .unknown(let words): words
        }
    }
}

extension DKIMPublication {
    /// Compares what a verifier would find with our key, whose public part is `publicKey` in a record's form.
    public init(_ lookup: DKIMKeyLookup, of publicKey: [UInt8], _ key: DKIMKey) {
        switch lookup {
        case .absent(let words): self = .unfit("is not published: \(words)")
        case .failed(let words): self = .unknown("cannot be looked up: \(words)")
        case .records(let records):
            guard records.count == 1, let text = records.first else {
                self = .unfit("has \(records.count) TXT records, and one is right")
                return
            }
            do throws(DKIMFault) {
                let record = try DKIMKeyRecord(parsing: text)
                if record.isRevoked {
                    self = .unfit("is revoked (p= is empty)")
                } else if !record.matches(key.keyType, publicKey: publicKey) {
                    self = .unfit("holds another key")
                } else if !record.allowsSHA256 {
                    self = .unfit("does not allow SHA-256 (h=\(record.hashes.joined(separator: ":")))")
                } else if key.isForReports ? !record.isForReports : !record.isForMail {
                    self = .unfit("is not for this use (s=\(record.services.joined(separator: ":")))")
                } else {
                    self = .published
                }
            } catch {
                self = .unfit("cannot be read: \(error.words)")
            }
        }
    }
}
