public import Mail

extension Configuration {
    /// One `[[canary]]` as it stands in the file: nil is a key that is not there.
    public struct WrittenCanary: Sendable, Equatable {
        public var name: String?
        public var sender: Mailbox?
        public var recipient: Mailbox?
        public var expect: Canary.Expectation?
        public var every = Duration.seconds(6 * 3600)
        public var within = Duration.seconds(1800)

        public init() {}
    }

    /// What follows from `[[canary]]`.
    public var canaries: [Canary] { writtenCanaries.compactMap(\.canary) }
}

extension Configuration.WrittenCanary: ConfigurationTable {
    /// Tables of a file: each is mail of its own. Ours.
    static let limit = 100

    /// nil where a key is missing, which the reader does not let through.
    fileprivate var canary: Canary? {
        guard let name, let sender, let recipient, let expect else { return nil }
        return Canary(
            name: name, sender: sender, recipient: recipient, expectation: expect, every: every.components.seconds,
            within: within.components.seconds)
    }
}
