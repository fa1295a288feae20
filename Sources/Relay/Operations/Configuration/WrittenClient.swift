public import Mail

extension Configuration {
    /// One `[[intake.client]]` as it stands in the file: empty or nil is a key that is not there.
    public struct WrittenClient: Sendable, Equatable {
        // Whom it is for: each that is given must match.
        public var networks: [IPNetwork] = []
        public var users: [String] = []
        public var fingerprints: [CertificateFingerprint] = []
        // What holds for them; nil: what [intake] says.
        public var name: String?
        public var connections: Int?
        public var messageRate: RateLimit?
        public var recipientRate: RateLimit?
        public var connectionRate: RateLimit?
        public var senderDomains: [RulePattern] = []
        public var refuse: String?

        public init() {}
    }
}

extension Configuration.Intake {
    /// What holds for each `[[intake.client]]`, in the order of the file.
    public var clients: [IntakeClient] {
        writtenClients.map { client in
            IntakeClient(
                name: client.name, connections: client.connections ?? clientConnectionLimit,
                messageRate: (client.messageRate ?? messageRate).rate,
                recipientRate: (client.recipientRate ?? recipientRate).rate,
                connectionRate: (client.connectionRate ?? connectionRate).rate,
                senderDomains: client.senderDomains.isEmpty ? nil : client.senderDomains, refusal: client.refuse)
        }
    }

    /// What holds for a client that no table matches.
    public var anyClient: IntakeClient {
        IntakeClient(
            connections: clientConnectionLimit, messageRate: messageRate.rate, recipientRate: recipientRate.rate,
            connectionRate: connectionRate.rate)
    }

    /// A client's certificate has a say somewhere, so that it must be asked for.
    public var asksForCertificates: Bool {
        clientCAFile != nil || !clientFingerprints.isEmpty || writtenClients.contains { !$0.fingerprints.isEmpty }
    }
}
