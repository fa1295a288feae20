extension TLSRequirement {
    /// May a 5yz reply of this host end the message, or only this attempt?
    ///
    /// Where TLS is demanded, words in the clear are anybody's: an attacker on the path could bounce mail with one line
    /// (DANE-18, RFC 7672 §2.2). Nor does a TLS policy ever fail for good before the message expires, nor mail of a fault of
    /// ours, such as a wrong password for a smarthost.
    /// - Parameter isSecured: the reply came over the TLS that the requirement asks for.
    public func believes(_ reply: Reply, about reason: Reason, isSecured: Bool) -> Bool {
        reply.isPermanentFailure && !reason.cause.isTLSPolicy && reason.cause.fault != .ours
            && (isSecured || cleartextAllowed)
    }
}
