import DNS
public import Mail
public import TLS

/// Signs a message without the daemon, as the daemon does.
public enum OfflineSigning {
    /// A key that is to sign.
    public struct Key: Sendable {
        let domain: DomainName
        let selector: DomainName
        let privateKey: DKIMPrivateKey

        public init(domain: DomainName, selector: DomainName, privateKey: DKIMPrivateKey) {
            self.domain = domain
            self.selector = selector
            self.privateKey = privateKey
        }
    }

    /// The keys of the configuration that would sign `content` at `time`, their records taken as published. Reports of our own
    /// cannot be told from mail here: keys for reports alone sign nothing.
    public static func keys(
        of configuration: Configuration, for content: [UInt8], at time: WallTime
    ) throws(OfflineSigningError) -> [Key] {
        let ring: KeyRing
        do throws(ConfigurationError) { ring = try KeyRing(loading: configuration) } catch {
            throw .keys(error)
        }
        let message = try signable(content)
        guard let author = try? DomainName(idna: message.authorDomain) else {
            throw .unsigned("the domain in From, \(message.authorDomain), is no domain name")
        }
        let near = ring.near(author)
        let keys = near.map { ring.keys[$0] }
        let candidates = DKIMKeyChoice.candidates(keys, author: author, isReport: false, at: time)
        let choice = DKIMKeyChoice(candidates, keys: keys, unpublished: ring.unpublished) { _ in .published }
        guard case .sign(let chosen) = choice, let first = chosen.first else {
            throw .unsigned(unkeyed(author, keys, at: time))
        }
        guard !message.isSigned(for: keys[first].domain) else {
            throw .unsigned("it is signed by \(keys[first].domain) already, and passes untouched")
        }
        return chosen.map {
            Key(domain: keys[$0].domain, selector: keys[$0].selector, privateKey: ring.privateKeys[near[$0]])
        }
    }

    /// Why none of `keys`, which are near `author`, signs its mail.
    private static func unkeyed(_ author: DomainName, _ keys: [DKIMKey], at time: WallTime) -> String {
        let ever = DKIMKeyChoice.candidates(keys, author: author, isReport: false, at: WallTime(seconds: .max))
        let first = ever.joined().joined().map { keys[$0] }.filter { $0.notBefore != nil }
            .min { ($0.notBefore?.seconds ?? 0) < ($1.notBefore?.seconds ?? 0) }
        if let first, let start = first.notBefore {
            return
                "the key \(first.selector) of \(first.domain) begins to sign at \(start.rfc3339) (not_before), and no "
                + "other is for mail of \(author)"
        }
        if keys.contains(where: { $0.isForReports && $0.domain == author }) {
            return "the keys of \(author) are for reports alone (use = \"reports\"), and none is for its mail"
        }
        return "no key of the configuration is for mail of \(author)"
    }

    /// The signatures of `content`, one by each of `keys`.
    /// - Parameter content: with CRLF for line ends, from the first field on.
    public static func sign(
        _ content: [UInt8], by keys: [Key], at time: WallTime
    ) throws(OfflineSigningError) -> DKIMSignDocument {
        let message = try signable(content)
        do {
            var digest = try DKIMBodyDigest.begin(.relaxed)
            try content.withBytes { (bytes) throws(TLSError) in
                try digest.update(UnsafeRawBufferPointer(rebasing: bytes.dropFirst(message.bodyOffset)))
            }
            let hash = try digest.finish()
            return DKIMSignDocument(
                signatures: try keys.map { key in
                    let field = try key.privateKey.field(
                        signing: message, of: content, hash, domain: key.domain, selector: key.selector, at: time)
                    return DKIMSignDocument.Signature(
                        domain: key.domain.text, selector: key.selector.text,
                        algorithm: key.privateKey.algorithm.rawValue,
                        field: String(decoding: field, as: UTF8.self))
                })
        } catch let fault as DKIMFault {
            throw .terms(fault.words)
        } catch let error as TLSError {
            throw .library(error.text)
        } catch {
            throw .library("\(error)")
        }
    }

    private static func signable(_ content: [UInt8]) throws(OfflineSigningError) -> DKIMSignable {
        do throws(DKIMUnsignable) { return try DKIMSignable(reading: content) } catch {
            throw .unsigned("it cannot be signed: \(error.words)")
        }
    }
}

/// Why there is no signature.
public enum OfflineSigningError: Error, Hashable, Sendable {
    /// The message is not to be signed, or cannot be; one sentence without a full stop.
    case unsigned(String)
    /// Domain, selector or time make no signature; why.
    case terms(String)
    /// Key files of the configuration that cannot be loaded.
    case keys(ConfigurationError)
    /// Our own library failed; its words.
    case library(String)
}

/// `relayctl dkim sign`
public struct DKIMSignDocument: Encodable, Hashable, Sendable {
    public let signatures: [Signature]

    public struct Signature: Encodable, Hashable, Sendable {
        public let domain: String
        public let selector: String
        public let algorithm: String
        /// The whole field, with its last CRLF.
        public let field: String
    }

    /// As they go above the message.
    public var fields: [UInt8] { signatures.flatMap { Array($0.field.utf8) } }
}
