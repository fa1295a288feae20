/// Would the name that the relay says in EHLO pass SPF? Mail from the null reverse-path, so every notice, is judged by that name
/// (RFC 7208 §2.3, §2.4). Looked at once, at start, to warn the operator: the record is not evaluated (CLI-03).
public enum SPFSelfCheck: Hashable, Sendable {
    /// There is one record.
    case published
    /// There is none, or more than one, which is no better (RFC 7208 §4.5): receivers may refuse notices.
    case faulty(String)
    /// The lookup failed: nothing is known.
    case unknown(String)

    /// - Parameter answer: to a TXT question about the name.
    public init(_ answer: Answer) {
        switch TXTLookup(answer) {
        case .failed(let words): self = .unknown(words)
        case .absent(let words): self = .faulty(words)
        case .records(let texts):
            let count = texts.count(where: Self.isRecord)
            switch count {
            case 0: self = .faulty("no TXT record begins with v=spf1")
            case 1: self = .published
            default: self = .faulty("\(count) TXT records begin with v=spf1")
            }
        }
    }

    // RFC 7208 §4.5: "v=spf1", in any case, and behind it a blank or nothing.
    private static func isRecord(_ text: [UInt8]) -> Bool {
        let version = Array("v=spf1".utf8)
        guard ASCII.equalIgnoringCase(text.prefix(version.count), version) else { return false }
        return text.count == version.count || text[version.count] == ASCII.space
    }
}
