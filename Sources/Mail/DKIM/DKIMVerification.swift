/// The signatures of a message, ready to be checked (RFC 6376 §6): keys, body hashes and cryptography come from the caller.
///
/// For each of ``checks``: where ``Check/step`` is `.needsKey`, look its TXT records up, hash the body by ``Check/signature``'s
/// form and length, and ask ``result(of:key:body:verify:)``. Each signature stands alone: one that fails says nothing about
/// the others, and is no worse than none.
public struct DKIMVerification: Sendable {
    /// Signatures that are looked at, from the top; the rest is passed over. Each costs a lookup and a verification.
    public static let signatureLimit = 10
    /// Key records of one answer that are tried: there should be one (RFC 6376 §3.6.2.2).
    public static let keyRecordLimit = 5
    /// RFC 8301 §3.2: bits of an RSA key that counts.
    public static let bitsRequired = 1024
    /// Seconds that `t=` may lie ahead of us: clocks differ.
    public static let clockAllowance: Int64 = 300

    /// One signature.
    public struct Check: Sendable {
        public enum Step: Hashable, Sendable {
            /// All is known without a key.
            case decided(DKIMResult)
            /// The TXT records of that name are needed.
            case needsKey(DomainName)
        }

        public let step: Step
        /// Nil where the field cannot be read.
        public let signature: DKIMSignature?
        /// The field in the content.
        let range: Range<Int>
    }

    /// From the top; none for a message that is not signed.
    public let checks: [Check]
    /// Signatures beyond ``signatureLimit``.
    public let passedOver: Int
    /// Where the body begins in the content.
    public let bodyOffset: Int

    private let content: [UInt8]
    private let hash: DKIMHeaderHash
    private let fromCount: Int

    /// - Parameters:
    ///   - content: the header section at least, with the empty line behind it.
    ///   - time: now, or when the message came in.
    public init(of content: [UInt8], at time: WallTime) {
        let header = HeaderSection(reading: content)
        let fields = header.fields(named: DKIMSignature.fieldName)
        let fromCount = header.fields(named: "From").count
        self.content = content
        self.fromCount = fromCount
        bodyOffset = header.bodyOffset ?? header.end
        hash = DKIMHeaderHash(header, of: content)
        passedOver = max(0, fields.count - Self.signatureLimit)
        checks = fields.prefix(Self.signatureLimit).map { field in
            do throws(DKIMFault) {
                let signature = try DKIMSignature(parsing: content[field.value])
                let refusal = Self.refusal(of: signature, fromCount: fromCount, at: time)
                return Check(
                    step: refusal.map(Check.Step.decided) ?? .needsKey(signature.keyName), signature: signature,
                    range: field.range)
            } catch {
                return Check(step: .decided(DKIMResult(error)), signature: nil, range: field.range)
            }
        }
    }

    /// What ends the check of a signature before its key is known (RFC 6376 §6.1.1).
    private static func refusal(of signature: DKIMSignature, fromCount: Int, at time: WallTime) -> DKIMResult? {
        if fromCount == 0 {
            return DKIMResult(.permerror, "the message has no From field", signature: signature)
        }
        if let expiry = signature.expiry, expiry < time {
            return DKIMResult(.fail, "the signature expired at \(expiry.rfc3339)", signature: signature)
        }
        if let made = signature.time, made > time.advanced(by: clockAllowance) {
            return DKIMResult(.fail, "the signature is of the future, \(made.rfc3339)", signature: signature)
        }
        return nil
    }

    /// - Parameters:
    ///   - key: what the lookup of the key brought.
    ///   - body: the hash of the body under the signature's `c=` and `l=`.
    ///   - verify: the cryptography, over octets of which the SHA-256 is still to be taken.
    public func result(
        of check: Check, key: DKIMKeyLookup, body: DKIMBodyHash,
        verify: (_ key: DKIMKeyRecord, _ signature: [UInt8], _ input: [UInt8]) -> DKIMSignatureCheck
    ) -> DKIMResult {
        guard let signature = check.signature, case .needsKey = check.step else {
            if case .decided(let result) = check.step { return result }
            return DKIMResult(.neutral, "the signature cannot be read", signature: nil)
        }
        let remarks = remarks(on: signature, body)
        func result(_ verdict: DKIMResult.Verdict, _ words: String, _ more: [String] = []) -> DKIMResult {
            DKIMResult(verdict, words, remarks: remarks + more, signature: signature)
        }

        let records: [[UInt8]]
        switch key {
        case .records(let found): records = found
        case .absent(let words): return result(.permerror, "there is no key at \(signature.keyName): \(words)")
        case .failed(let words): return result(.temperror, "the key at \(signature.keyName) is not known: \(words)")
        }
        if let length = signature.bodyLength, length > body.length {
            return result(.permerror, "l= is \(length), and the body has only \(body.length) octets")
        }

        // Any record may be the one; of those that are not, the first says why (RFC 6376 §6.1.2).
        var failure: DKIMResult?
        for text in records.prefix(Self.keyRecordLimit) {
            do throws(DKIMFault) {
                let record = try DKIMKeyRecord(parsing: text)
                let more = record.isTesting ? ["the key is under test (t=y), so a failure means nothing"] : []
                let verdict = judge(check, signature, by: record, body, verify)
                let tried = result(verdict.0, verdict.1, more)
                if tried.verdict == .pass { return tried }
                failure = failure ?? tried
            } catch {
                failure = failure ?? result(.permerror, "the key at \(signature.keyName) is malformed: \(error)")
            }
        }
        return failure ?? result(.permerror, "there is no key at \(signature.keyName)")
    }

    /// One signature by one key (RFC 6376 §6.1.2 from step 5 on, §6.1.3).
    private func judge(
        _ check: Check, _ signature: DKIMSignature, by key: DKIMKeyRecord, _ body: DKIMBodyHash,
        _ verify: (_ key: DKIMKeyRecord, _ signature: [UInt8], _ input: [UInt8]) -> DKIMSignatureCheck
    ) -> (DKIMResult.Verdict, String) {
        guard key.isForMail else { return (.permerror, "the key is not for mail (s=)") }
        guard key.allowsSHA256 else { return (.permerror, "the key does not allow SHA-256 (h=)") }
        guard !key.isRevoked else { return (.fail, "the key is revoked") }
        guard key.keyType == signature.algorithm.keyType else {
            return (.permerror, "the key is of type \(key.keyType.rawValue), and a=\(signature.algorithm.rawValue)")
        }
        if key.isStrict, let identity = signature.identity, identity.domain != signature.signingDomain {
            return (
                .permerror, "the key is for \(signature.signingDomain) alone (t=s), and i= is of \(identity.domain)"
            )
        }
        guard body.digest == signature.bodyHash else { return (.fail, "the body is not the one that was signed") }
        let form = signature.canonicalization.header
        let input = hash.fields(signature.names, form) + DKIMHeaderHash.ownField(content[check.range], form)
        switch verify(key, signature.signature, input) {
        case .valid: return (.pass, "the signature is that of \(signature.signingDomain)")
        case .invalid: return (.fail, "the header section or the signature itself is not the one that was signed")
        case .weakKey(let bits):
            return (.fail, "the key has \(bits) bits, and \(Self.bitsRequired) are needed (RFC 8301)")
        case .unusableKey(let words): return (.permerror, "the key cannot be used: \(words)")
        case .failed(let words): return (.temperror, "the check itself failed: \(words)")
        }
    }

    private func remarks(on signature: DKIMSignature, _ body: DKIMBodyHash) -> [String] {
        var remarks: [String] = []
        if let length = signature.bodyLength {
            let extra =
                length < body.length ? "the \(body.length - length) behind them are not" : "nothing follows them"
            remarks.append("only the first \(length) octets of the body are signed (l=), \(extra)")
        }
        if fromCount > 1 {
            remarks.append("the message has \(fromCount) From fields, and readers may show any of them")
        }
        return remarks
    }
}
