extension DSN {
    /// The status of one recipient (RFC 3464 §2.3.4): the remote's own code where it gave one, else that of our reason; class
    /// 4 for what is only delayed or has expired (DSN-08, Q-12).
    ///
    /// REQUIRETLS mail that TLS kept back until its time was over is the exception: its sender hears 5.7.10 (RFC 8689 §4.2.1,
    /// D10), or 5.7.30 where the last word was that the keyword is missing. UTF-8 that is in the header alone is 5.6.9, not 5.6.7
    /// (RFC 6531 §4.2).
    /// - Parameters:
    ///   - expiredFrom: what kept the recipient back, where it is given up because its time is over.
    ///   - demand: of the original.
    ///   - isASCII: neither the sender's address nor the recipient's holds UTF-8.
    public static func status(
        _ reason: Reason?, _ reply: Reply?, _ action: Action, expiredFrom: Reason?, demand: MessageDemand,
        isASCII: Bool = false
    ) -> EnhancedStatusCode {
        if let expiredFrom {
            if demand == .requireTLS {
                if expiredFrom.cause == .requireTLSUnsupported { return EnhancedStatusCode(5, 7, 30) }
                if expiredFrom.cause.isTLSPolicy || expiredFrom.cause == .requireTLSUnvalidated {
                    return EnhancedStatusCode(5, 7, 10)
                }
            }
            return reply?.enhanced.map { $0.withClass(4) } ?? EnhancedStatusCode(4, 4, 7)
        }
        let wanted: UInt8 =
            switch action {
            case .failed: 5
            case .delayed: 4
            case .relayed: 2
            }
        if let reply { return (reply.enhanced ?? EnhancedStatusCode(wanted, 0, 0)).withClass(wanted) }
        if isASCII, reason?.cause == .utf8Unsupported { return EnhancedStatusCode(wanted, 6, 9) }
        return (reason?.cause.enhancedStatusCode ?? EnhancedStatusCode(wanted, 0, 0)).withClass(wanted)
    }
}

extension EnhancedStatusCode {
    /// The same subject and detail with another class.
    func withClass(_ other: UInt8) -> EnhancedStatusCode { EnhancedStatusCode(other, subject, detail) }
}

extension RecipientRequest {
    /// A notice of that kind is due for the recipient (RFC 3461 §4.1, §5.2; DSN-11). Who asks for nothing hears of failures and
    /// of delays; who says NEVER, of nothing.
    public func wants(_ action: DSN.Action) -> Bool {
        switch action {
        case .failed: notify?.contains(.failure) ?? true
        case .delayed: notify?.contains(.delay) ?? true
        case .relayed: notify?.contains(.success) ?? false
        }
    }
}
