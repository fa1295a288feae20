import Mail
import TLS

/// The private keys of `[[dkim.key]]`.
struct KeyRing: Sendable {
    /// What the choice among them stands on; the same indices as ``privateKeys``.
    let keys: [DKIMKey]
    let privateKeys: [DKIMPrivateKey]
    let unpublished: DKIMUnpublished
    /// By domain, so that a provider's thousands cost a message nothing.
    private let byDomain: [DomainName: [Int]]

    static let empty = KeyRing(keys: [], privateKeys: [], unpublished: .otherKey)

    init(keys: [DKIMKey], privateKeys: [DKIMPrivateKey], unpublished: DKIMUnpublished) {
        self.keys = keys
        self.privateKeys = privateKeys
        self.unpublished = unpublished
        byDomain = Dictionary(grouping: keys.indices, by: { keys[$0].domain })
    }

    var isEmpty: Bool { keys.isEmpty }

    /// Loads every key file; all faults at once.
    init(loading configuration: Configuration) throws(ConfigurationError) {
        var keys: [DKIMKey] = []
        var privateKeys: [DKIMPrivateKey] = []
        var faults: [ConfigurationFault] = []
        for (index, written) in configuration.dkim.keys.enumerated() {
            guard let domain = written.domain, let selector = written.selector, let file = written.file else {
                continue
            }
            do throws(TLSError) {
                let key = try DKIMPrivateKey.load(file: file)
                privateKeys.append(key)
                keys.append(
                    DKIMKey(
                        domain: domain, selector: selector, keyType: key.keyType, notBefore: written.notBefore,
                        isForReports: written.use == .reports, includesSubdomains: written.subdomains))
            } catch {
                faults.append(
                    configuration.fault(
                        "dkim.key[\(index)].file", error.text,
                        "Name a PEM file of an RSA or Ed25519 key of the user of relayd, and say chmod 600"))
            }
        }
        if !faults.isEmpty { throw ConfigurationError(faults: faults) }
        self.init(
            keys: keys, privateKeys: privateKeys, unpublished: DKIMUnpublished(configuration.dkim.unpublished))
    }

    /// Indices of the keys that could be for mail of `author`: of its own domain and of those above.
    func near(_ author: DomainName) -> [Int] {
        let labels = author.labels
        return labels.indices.flatMap { start -> [Int] in
            guard let name = try? DomainName(labels[start...].joined(separator: ".")) else { return [] }
            return byDomain[name] ?? []
        }
    }

    /// Of RSA keys that are shorter than they should be; sentences for `relayd --check` (DKIM-02).
    var warnings: [String] {
        zip(keys, privateKeys).filter { $0.1.isWeak }.map { key, privateKey in
            "the DKIM key \(key.selector) of \(key.domain) has \(privateKey.bits) bits: "
                + "\(DKIMPrivateKey.bitsRecommended) are recommended (RFC 8301 §3.2)."
        }
    }
}

extension DKIMUnpublished {
    init(_ use: Configuration.UnpublishedUse) {
        switch use {
        case .otherKey: self = .otherKey
        case .wait: self = .wait
        case .unsigned: self = .unsigned
        }
    }
}
