import Mail
import TLS

extension DKIMPrivateKey {
    /// The whole DKIM-Signature field of a message, with its last CRLF: the one way from key to field, for the daemon and for
    /// `relayctl dkim sign`. Throws `DKIMFault` or `TLSError`.
    /// - Parameter content: what `message` was read of.
    func field(
        signing message: DKIMSignable, of content: [UInt8], _ body: DKIMBodyHash, domain: DomainName,
        selector: DomainName, at time: WallTime
    ) throws -> [UInt8] {
        let terms = try DKIMTerms(signingDomain: domain, selector: selector, algorithm: algorithm, time: time)
        let plan = DKIMSigningPlan(message, of: content, terms: terms)
        return plan.field(bodyHash: body.digest, signature: try sign(plan.input(bodyHash: body.digest)))
    }
}
