public import Mail
import TLS

/// The check of a message's signatures without the daemon, but for the lookup of keys.
public struct OfflineVerification: Sendable {
    private let content: [UInt8]
    private let verification: DKIMVerification

    /// - Parameters:
    ///   - content: with CRLF for line ends.
    ///   - time: when the signatures must hold.
    public init(of content: [UInt8], at time: WallTime) {
        self.content = content
        verification = DKIMVerification(of: content, at: time)
    }

    /// Where the keys are, each once: at most ``DKIMVerification/signatureLimit``.
    public var keyNames: [DomainName] {
        var names: [DomainName] = []
        for check in verification.checks {
            if case .needsKey(let name) = check.step, !names.contains(name) { names.append(name) }
        }
        return names
    }

    /// - Parameter keys: the lookup of each of ``keyNames``.
    public func document(keys: (DomainName) -> DKIMKeyLookup) -> DKIMVerifyDocument {
        DKIMVerifyDocument(verification.checks.map { result(of: $0, keys) }, passedOver: verification.passedOver)
    }

    private func result(of check: DKIMVerification.Check, _ keys: (DomainName) -> DKIMKeyLookup) -> DKIMResult {
        guard case .needsKey(let name) = check.step, let signature = check.signature else {
            if case .decided(let result) = check.step { return result }
            return DKIMResult(.neutral, "the signature cannot be read", signature: nil)
        }
        do throws(TLSError) {
            var digest = try DKIMBodyDigest.begin(signature.canonicalization.body, limit: signature.bodyLength)
            try content.withBytes { (bytes) throws(TLSError) in
                try digest.update(UnsafeRawBufferPointer(rebasing: bytes.dropFirst(verification.bodyOffset)))
            }
            return verification.result(
                of: check, key: keys(name), body: try digest.finish(), verify: DKIMPublicKey.check)
        } catch {
            return DKIMResult(.temperror, "the check itself failed: \(error.text)", signature: signature)
        }
    }
}

/// `relayctl dkim verify`
public struct DKIMVerifyDocument: CheckDocument {
    let signatures: [Signature]
    /// Signatures beyond those that are looked at.
    let passedOver: Int

    struct Signature: Encodable, Hashable, Sendable {
        let domain: Nullable<String>
        let selector: Nullable<String>
        let algorithm: Nullable<String>
        /// In the word of RFC 8601 §2.7.1.
        let result: String
        let why: String
        let remarks: [String]

        init(_ result: DKIMResult) {
            domain = Nullable(result.signature?.signingDomain.text)
            selector = Nullable(result.signature?.selector.text)
            algorithm = Nullable(result.signature?.algorithm.rawValue)
            self.result = result.verdict.rawValue
            why = result.words
            remarks = result.remarks
        }

        var passes: Bool { result == DKIMResult.Verdict.pass.rawValue }
    }

    init(_ results: [DKIMResult], passedOver: Int) {
        signatures = results.map(Signature.init)
        self.passedOver = passedOver
    }

    /// There are signatures, and every one is right.
    public var isGood: Bool { !signatures.isEmpty && passedOver == 0 && signatures.allSatisfy(\.passes) }

    public func text(_ style: TextStyle) -> String {
        guard !signatures.isEmpty else { return style.paint("not signed", .red) + "\n" }
        let count = signatures.count + passedOver
        let passed = signatures.count(where: \.passes)
        let headline =
            "\(passed) of \(Humane.count(count, "signature")) \(passed == 1 || count == 1 ? "passes" : "pass")"
        var text = style.paint(headline, isGood ? .green : passed > 0 ? .yellow : .red) + "\n\n"
        var table = TextTable(["domain", "selector", "algorithm", "result", "why"])
        for signature in signatures {
            table.add([
                signature.domain.value ?? "-", signature.selector.value ?? "-", signature.algorithm.value ?? "-",
                signature.result, signature.why,
            ])
        }
        text += table.render(style)
        for (index, signature) in signatures.enumerated() {
            for remark in signature.remarks {
                text += style.field("remark:", "on the \(Self.place(index)) signature: \(remark)", width: 8)
            }
        }
        if passedOver > 0 {
            text += style.field(
                "remark:",
                "only \(DKIMVerification.signatureLimit) signatures are looked at, \(passedOver) were passed over",
                width: 8)
        }
        return text
    }

    private static func place(_ index: Int) -> String {
        let words = ["first", "second", "third"]
        return index < words.count ? words[index] : "\(index + 1)th"
    }
}
