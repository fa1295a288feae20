/// What a result type or a reason code means, and what its receiver should look at; for the mails we send and for reports
/// that are read.
public struct ResultAdvice: Hashable, Sendable {
    /// One sentence.
    public let meaning: String
    /// One or two sentences.
    public let remedy: String

    init(_ meaning: String, _ remedy: String) {
        self.meaning = meaning
        self.remedy = remedy
    }
}

extension ResultType {
    /// RFC 8460 §4.3.
    public var advice: ResultAdvice { ResultAdvice("", "") }
}

extension ResultAdvice {
    /// For one of our own reason codes; nil for others.
    public init?(reasonCode: String) { nil }
}
