/// Which fields of a header section are signed, and which of them beyond those that are there (RFC 6376 §5.4).
///
/// What is not named is not signed: `Received`, `Return-Path` and `DKIM-Signature` never are, because hops add and change
/// them (DKIM-15). `Comments` and `Keywords` are left out as RFC 6376 §5.4.1 says.
public struct DKIMFieldChoice: Hashable, Sendable {
    /// In lower case, in the order of `h=`.
    let fields: [Field]

    struct Field: Hashable, Sendable {
        let name: String
        let surplus: Surplus
    }

    /// When a name is listed once more than the field is there, so that none can be added (DKIM-16).
    enum Surplus: Hashable, Sendable {
        /// What a reader sees and believes, and what tells how the body is shown.
        case always
        /// What a hop may rightly add where it is missing.
        case ifPresent
        case never
    }

    /// What we sign by.
    public static let standard = DKIMFieldChoice(
        always: ["from", "to", "cc", "subject", "date", "reply-to", "content-type"],
        ifPresent: [
            "sender", "message-id", "in-reply-to", "references", "mime-version", "content-transfer-encoding",
            "content-disposition", "content-id", "content-description", "auto-submitted", "tls-required",
            "tls-report-domain", "tls-report-submitter", "list-id", "list-unsubscribe", "list-unsubscribe-post",
        ],
        never: [
            "list-help", "list-subscribe", "list-post", "list-owner", "list-archive", "feedback-id", "resent-date",
            "resent-from", "resent-to", "resent-cc",
        ])

    init(always: [String], ifPresent: [String], never: [String]) {
        fields =
            always.map { Field(name: $0, surplus: .always) } + ifPresent.map { Field(name: $0, surplus: .ifPresent) }
            + never.map { Field(name: $0, surplus: .never) }
    }

    /// Fields of one name that are signed, the lowest ones, and how often it stands in `h=`: a bound of ours, so that a
    /// strange header section makes no strange signature. Well-formed mail has one of each.
    public static let repeatLimit = 20

    /// The names for `h=`, in lower case, each as often as it is to be looked up.
    public func names(for header: HeaderSection) -> [String] {
        var counts: [String: Int] = [:]
        for field in header.fields { counts[ASCII.lowercased(field.name), default: 0] += 1 }
        return fields.flatMap { field in
            let count = counts[field.name] ?? 0
            let surplus =
                switch field.surplus {
                case .always: 1
                case .ifPresent: min(count, 1)
                case .never: 0
                }
            return repeatElement(field.name, count: min(count + surplus, Self.repeatLimit))
        }
    }
}
