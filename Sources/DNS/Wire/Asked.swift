import Mail

/// A question as daemon and worker pass it: a ``Question``, or one about the root, which no ``DomainName`` names.
struct Asked: Hashable, Sendable {
    /// Nil is the root.
    let name: DomainName?
    let type: RecordType

    init(_ question: Question) {
        name = question.name
        type = question.type
    }

    /// One about the root.
    init(root type: RecordType) {
        name = nil
        self.type = type
    }

    /// The name with no final dot; `.` for the root.
    var nameText: String { name?.text ?? "." }
}

/// What the worker found: the octets as they came and the four facts of libunbound brought into two.
struct Finding: Hashable, Sendable {
    var result: Answer.Result
    var security: Security
    /// The end of the alias chain; nil where there was no alias.
    var canonicalName: DomainName?
    /// Seconds.
    var timeToLive: UInt32 = 0

    init(_ result: Answer.Result, _ security: Security, canonicalName: DomainName? = nil, timeToLive: UInt32 = 0) {
        self.result = result
        self.security = security
        self.canonicalName = canonicalName
        self.timeToLive = timeToLive
    }

    /// Nothing is known, and this is why (SEC-05).
    static func failed(_ reason: String, for seconds: UInt32 = 0) -> Finding {
        Finding(.failed(reason), .failed, timeToLive: seconds)
    }

    func answer(to question: Question) -> Answer {
        Answer(question, result, security, canonicalName: canonicalName, timeToLive: timeToLive)
    }
}
