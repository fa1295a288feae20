import FoundationEssentials
public import Mail

/// Answer to `GET /v1/explain`, with ``ExplainDocuments`` in the same object.
public struct ExplainPage: Codable, Hashable, Sendable {
    /// What is still in the queue first, then the newest first.
    public var matches: [ExplainedMessage]
    /// When the oldest life that is kept ended; nil where none is kept.
    public var since: Int64?

    public init(matches: [ExplainedMessage], since: Int64? = nil) {
        self.matches = matches
        self.since = since
    }
}

/// A message, and what it waits for.
public struct ExplainedMessage: Codable, Hashable, Sendable {
    public var message: LifeView
    /// Recipients that are still in the queue.
    public var waiting: [WaitingView]

    public init(message: LifeView, waiting: [WaitingView] = []) {
        self.message = message
        self.waiting = waiting
    }

    public struct WaitingView: Codable, Hashable, Sendable {
        public var address: String
        public var nextAttempt: Int64?
        /// When it is given up.
        public var expiresAt: Int64?

        public init(address: String, nextAttempt: Int64?, expiresAt: Int64?) {
            self.address = address
            self.nextAttempt = nextAttempt
            self.expiresAt = expiresAt
        }
    }
}

/// What the attempts of an ``ExplainPage`` were decided by, by the keys that they name. A key that is missing was forgotten.
public struct ExplainDocuments: Codable, Hashable, Sendable {
    public var decisions: [String: DecisionDocument]
    public var evidence: [String: EvidenceDocument]

    public init(decisions: [String: DecisionDocument] = [:], evidence: [String: EvidenceDocument] = [:]) {
        self.decisions = decisions
        self.evidence = evidence
    }
}

/// Both in one object.
public struct ExplainAnswer: Encodable, Hashable, Sendable {
    public var page: ExplainPage
    public var documents: ExplainDocuments

    public init(page: ExplainPage, documents: ExplainDocuments = ExplainDocuments()) {
        self.page = page
        self.documents = documents
    }

    public func encode(to encoder: any Encoder) throws {
        try page.encode(to: encoder)
        try documents.encode(to: encoder)
    }

    /// Reads an answer; nil for anything else.
    init?(json: [UInt8]) {
        // Documents spell their keys themselves, views leave that to the decoder.
        guard let page = ControlJSON.decode(ExplainPage.self, from: json),
            let documents = try? JSONDecoder().decode(ExplainDocuments.self, from: Data(json))
        else { return nil }
        self.init(page: page, documents: documents)
    }
}

/// What a ticket needs beside the explanation: part of the answer to `GET /v1/bundle`.
public struct BundleView: Codable, Hashable, Sendable {
    /// DER in base64, by the keys that evidence names.
    public var certificates: [String: String]
    /// waxwing, OpenSSL and libunbound.
    public var versions: [String]
    /// Settings that decide about deliveries: `dane.insecure_mx = true`. No secrets.
    public var settings: [String]

    public init(certificates: [String: String] = [:], versions: [String] = [], settings: [String] = []) {
        self.certificates = certificates
        self.versions = versions
        self.settings = settings
    }
}

/// Answer to `GET /v1/bundle`: the explanation of one message and what goes with it, in one object.
public struct BundleAnswer: Encodable, Hashable, Sendable {
    public var explanation: ExplainAnswer
    public var bundle: BundleView

    public init(explanation: ExplainAnswer, bundle: BundleView) {
        self.explanation = explanation
        self.bundle = bundle
    }

    public func encode(to encoder: any Encoder) throws {
        try explanation.encode(to: encoder)
        try bundle.encode(to: encoder)
    }

    init?(json: [UInt8]) {
        guard let explanation = ExplainAnswer(json: json), let bundle = ControlJSON.decode(BundleView.self, from: json)
        else { return nil }
        self.init(explanation: explanation, bundle: bundle)
    }
}
