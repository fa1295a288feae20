import DNS
import HTTPS
package import Mail
import TLS

/// The network's part in MTA-STS: the TXT record, and the policy text from the policy host (RFC 8461 §3.1, §3.3). Two
/// functions, so that a test can say what the network does.
package struct PolicyFetcher: Sendable {
    /// What `_mta-sts.<domain>` TXT says now, and for how many seconds.
    package typealias Record = @concurrent @Sendable (DomainName) async -> (STSRecordFacts, UInt32)
    /// The policy text of a domain.
    package typealias Policy = @concurrent @Sendable (DomainName) async -> PolicyAnswer

    let record: Record
    let policy: Policy

    package init(record: @escaping Record, policy: @escaping Policy) {
        self.record = record
        self.policy = policy
    }
}

/// What came of the attempt to fetch a policy.
package enum PolicyAnswer: Sendable {
    case text([UInt8])
    /// The domain's fault, or the network's between us: remembered, and waited upon (STS-15).
    case failed(STSFetchFault)
    /// Ours alone, so that it says nothing about the domain; the words say what.
    case prevented(String)
    /// We are on the way out: nobody is to hear of it.
    case stopped
}

extension PolicyFetcher {
    /// RFC 8461 §3.2: the one path there is.
    static let path = "/.well-known/mta-sts.txt"

    /// The real ones.
    ///
    /// `timeout` is `sts.fetch_timeout`, for connection and body together; `loopbackAllowed` is `delivery.loopback`: may a
    /// stranger's policy host be a loopback address?
    init(
        resolve: @escaping RouteFinder.Lookup, client: HTTPSClient, timeout: Duration, trust: TrustStore,
        anchors: TrustStores,
        loopbackAllowed: Bool
    ) {
        self.init(
            record: { domain in
                guard let name = domain.stsRecordName else {
                    return (.absent("the name with _mta-sts in front would be too long for DNS"), UInt32.max)
                }
                let answer = await resolve(Question(name, .txt))
                return (STSRecordFacts(reading: answer), answer.timeToLive)
            },
            policy: { domain in
                guard let host = domain.stsPolicyHost else {
                    return .failed(
                        STSFetchFault(.stsPolicyFetchError, "the policy host's name would be too long for DNS"))
                }
                if let obstacle = Self.obstacle(trust, anchors) { return .prevented(obstacle) }
                async let first = resolve(Question(host, .aaaa))
                async let second = resolve(Question(host, .a))
                let facts = AddressFacts(reading: await [first, second], loopbackAllowed: loopbackAllowed)
                guard !facts.addresses.isEmpty else {
                    let why = if case .failed(let words) = facts.lookup { words } else { "it has no address" }
                    return .failed(STSFetchFault(.stsPolicyFetchError, "\(host) cannot be reached: \(why)"))
                }
                let request = HTTPSRequest(
                    host: host, path: Self.path, addresses: facts.addresses, bodyLimit: STSPolicy.textLimit,
                    timeout: timeout, trust: HTTPSRequest.Trust(trust))
                return PolicyAnswer(await client.get(request))
            })
    }
}

extension PolicyFetcher {
    /// Why no policy host's certificate can be validated: it is our lack and not the domain's fault. nil where one can.
    static func obstacle(_ trust: TrustStore, _ anchors: TrustStores) -> String? {
        do throws(TLSError) {
            try anchors.load(trust)
            return nil
        } catch {
            return "no policy host's certificate can be validated: \(error.text)"
        }
    }
}

extension PolicyAnswer {
    init(_ result: Result<HTTPSResponse, HTTPSFailure>) {
        if case .failure(let failure) = result, failure.kind.isOurs {
            self = failure.kind == .cancelled ? .stopped : .prevented(failure.words)
            return
        }
        do throws(STSFetchFault) {
            self = .text(try STSFetchReading.policyText(of: STSFetchAnswer(result)))
        } catch {
            self = .failed(error)
        }
    }
}

extension HTTPSRequest.Trust {
    init(_ trust: TrustStore) {
        switch trust {
        case .system: self = .system
        case .file(let path): self = .file(path)
        }
    }
}

extension STSFetchAnswer {
    init(_ result: Result<HTTPSResponse, HTTPSFailure>) {
        switch result {
        case .success(let response):
            self = .answered(status: response.status, contentType: response.contentType, body: response.body)
        case .failure(let failure) where failure.kind == .certificate:
            self = .certificateRefused(failure.words)
        case .failure(let failure):
            self = .failed(failure.words)
        }
    }
}
