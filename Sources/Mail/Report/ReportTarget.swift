extension IPAddress {
    /// Why no report is posted to this address; nil where one may be.
    ///
    /// A `rua` URI is a stranger's: it must not make this machine talk to what only this machine can reach.
    /// - Parameters:
    ///   - privateAllowed: addresses of private networks may be connected to (RFC 1918, RFC 4193).
    ///   - loopbackAllowed: so may this machine.
    public func refusedForReports(privateAllowed: Bool, loopbackAllowed: Bool) -> String? {
        unreachable(loopbackAllowed: loopbackAllowed)
    }
}
