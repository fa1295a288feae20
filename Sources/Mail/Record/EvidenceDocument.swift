import FoundationEssentials

/// What a host showed when it was asked for TLS, as it is kept. Whether the session was resumed is no part of it: a resumed one
/// counts by the evidence of its full handshake.
public struct EvidenceDocument: Hashable, Sendable, Codable {
    public var kind: Kind
    /// The reply to STARTTLS, where it was refused.
    public var reply: String?
    /// Why the handshake failed, in the library's words.
    public var failure: String?
    public var version: String?
    public var cipher: String?
    /// The key exchange.
    public var group: String?
    /// The leaf.
    public var certificate: PolicyDocument.Certificate?
    /// Keys of the certificates as they were presented, leaf first.
    public var chain: [String]
    /// What DANE said: nil where it was not asked for, `matched`, or its fault in words.
    public var dane: String?
    /// The TLSA record that matched.
    public var matched: PolicyDocument.MatchedRecord?
    /// What the check against public trust anchors said: nil where it was not asked for, `trusted for NAME`, or its fault.
    public var webPKI: String?
    /// The same for the operator's names and anchors.
    public var pkix: String?

    /// On disk: never changed, only added to.
    public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
        case established
        case handshakeFailed = "handshake-failed"
        case notOffered = "starttls-not-offered"
        case refused = "starttls-refused"
        case injected = "cleartext-after-starttls"
    }

    enum CodingKeys: String, CodingKey {
        case kind, reply, failure, version, cipher, group, certificate, chain, dane, matched, pkix
        case webPKI = "webpki"
    }

    public init(kind: Kind, chain: [String] = []) {
        self.kind = kind
        self.chain = chain
    }

    /// - Parameters:
    ///   - leaf: the certificate of a handshake that failed for it.
    ///   - chain: keys of the certificates that were presented.
    public init(_ evidence: PeerEvidence, leaf: CertificateFacts? = nil, chain: [String] = []) {
        switch evidence {
        case .startTLSNotOffered: self.init(kind: .notOffered)
        case .startTLSRefused(let reply):
            self.init(kind: .refused)
            self.reply = "\(reply.code) \(SafeText.string(reply.lines.joined(separator: " ").utf8.prefix(512)))"
        case .cleartextAfterStartTLS: self.init(kind: .injected)
        case .handshakeFailed(let why):
            self.init(kind: .handshakeFailed, chain: chain)
            failure = why.text
            certificate = leaf.map(PolicyDocument.Certificate.init)
        case .established(let facts):
            self.init(kind: .established, chain: chain)
            version = facts.version
            cipher = facts.cipher
            group = facts.group
            certificate = facts.certificate.map(PolicyDocument.Certificate.init)
            switch facts.verification {
            case .unverified: break
            case .dane(let record, let depth):
                dane = "matched"
                matched = PolicyDocument.MatchedRecord(record, depth: depth)
            case .failed(_, let words): dane = words
            }
            webPKI = facts.webPKI.map(Self.words)
            pkix = facts.pkix.map(Self.words)
        }
    }

    private static func words(_ evidence: WebPKIEvidence) -> String {
        switch evidence {
        case .trusted(let name): "trusted for \(name)"
        case .failed(_, let words): words
        }
    }

    /// One line of JSON; nil where it is longer than `limit` octets.
    public func json(upTo limit: Int) -> [UInt8]? {
        guard let octets = RecordJSON.encode(self), octets.count <= limit else { return nil }
        return octets
    }

    /// Reads what ``json(upTo:)`` wrote; nil for anything else.
    public init?(json: [UInt8]) {
        guard let read = try? JSONDecoder().decode(Self.self, from: Data(json)) else { return nil }
        self = read
    }
}
