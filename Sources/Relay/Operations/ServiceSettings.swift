import Mail

/// Configuration in the words of the parts that take it.

extension Schedule {
    init(_ retry: Configuration.Retry) {
        self.init(
            minimum: retry.minimum.components.seconds, maximum: retry.maximum.components.seconds,
            jitter: retry.jitter, lifetime: retry.lifetime.components.seconds,
            dsnLifetime: retry.dsnLifetime.components.seconds,
            delayedAfter: retry.delayedAfter?.components.seconds ?? 0, warnAfter: retry.warnAfter.components.seconds)
    }
}

extension Mailbox {
    /// `postmaster@hostname`: who our notices are from where nothing else is configured.
    static func postmaster(at hostname: DomainName) -> Mailbox {
        Mailbox(localPart: "postmaster", domain: .name(hostname))
    }
}
