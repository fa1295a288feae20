import Mail

/// Answer to `GET /v1/letter`: a letter to a postmaster, and what stands in it.
public struct LetterView: Codable, Hashable, Sendable {
    public var domain: String
    public var to: String
    public var subject: String
    /// In lines of 72 columns, but for commands and records.
    public var text: String
    /// When this relay looked.
    public var at: Int64
    /// Who is written from.
    public var contact: String
    public var faults: [LetterFaultView]
    /// Messages that wait for the domain; nil where none does.
    public var waiting: Int?
    /// True where there may be more of them.
    public var waitingIsAtLeast: Bool
    /// Since when policies keep the oldest back.
    public var since: Int64?
    /// When it was tried last.
    public var lastAttempt: Int64?

    /// The code of the refusal where there is none to write.
    public static let nothingCode = "nothing-to-complain-about"

    public init(
        domain: String, to: String, subject: String, text: String, at: Int64, contact: String,
        faults: [LetterFaultView], waiting: Int? = nil, waitingIsAtLeast: Bool = false, since: Int64? = nil,
        lastAttempt: Int64? = nil
    ) {
        self.domain = domain
        self.to = to
        self.subject = subject
        self.text = text
        self.at = at
        self.contact = contact
        self.faults = faults
        self.waiting = waiting
        self.waitingIsAtLeast = waitingIsAtLeast
        self.since = since
        self.lastAttempt = lastAttempt
    }
}

public struct LetterFaultView: Codable, Hashable, Sendable {
    /// `dane-mismatch`
    public var kind: String
    /// nil for the domain as a whole.
    public var host: String?
    public var addresses: [String]
    public var words: String
    /// To see it oneself, for a shell.
    public var commands: [String]
    /// To publish.
    public var records: [String]

    public init(
        kind: String, host: String?, addresses: [String], words: String, commands: [String], records: [String]
    ) {
        self.kind = kind
        self.host = host
        self.addresses = addresses
        self.words = words
        self.commands = commands
        self.records = records
    }
}

extension LetterView {
    init(_ letter: Letter) {
        self.init(
            domain: letter.document.domain, to: letter.to, subject: letter.subject, text: letter.text,
            at: letter.now.seconds, contact: letter.contact,
            faults: letter.faults.map { fault in
                LetterFaultView(
                    kind: fault.kind.rawValue, host: fault.host?.host, addresses: fault.addresses, words: fault.words,
                    commands: fault.commands(for: letter.document), records: fault.records(letter.document))
            }, waiting: letter.waiting?.messages, waitingIsAtLeast: letter.waiting?.isAtLeast ?? false,
            since: letter.waiting?.since?.seconds, lastAttempt: letter.waiting?.last?.seconds)
    }
}

/// `relayctl letter` for people: as it would be sent.
public enum LetterText {
    public static func render(_ view: LetterView) -> String {
        "To: \(TextStyle.harmless(view.to))\nSubject: \(TextStyle.harmless(view.subject))\n\n" + shown(view.text)
    }

    private static func shown(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { TextStyle.harmless(String($0)) }
            .joined(separator: "\n")
    }
}
