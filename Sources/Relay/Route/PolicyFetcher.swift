import DNS
import HTTPS
import Mail

/// The network's part in MTA-STS: the TXT record, and the policy text from the policy host (RFC 8461 §3.1, §3.3).
struct PolicyFetcher: Sendable {
    let resolver: Resolver
    let client: HTTPSClient
    /// `sts.fetch_timeout`: for addresses, connection and body together.
    let timeout: Duration
    let trust: TrustStore
    /// `delivery.loopback`: may a stranger's policy host be a loopback address?
    let loopbackAllowed: Bool

    /// RFC 8461 §3.2: the one path there is.
    static let path = "/.well-known/mta-sts.txt"

    /// What `_mta-sts.<domain>` TXT says now, and for how many seconds.
    func record(of domain: DomainName) async -> (STSRecordFacts, UInt32) {
        guard let name = domain.stsRecordName else {
            return (.absent("the name with _mta-sts in front would be too long for DNS"), UInt32.max)
        }
        let answer = await resolver.resolve(Question(name, .txt))
        return (STSRecordFacts(reading: answer), answer.timeToLive)
    }

    /// The policy text of `domain`.
    func policy(of domain: DomainName) async -> Result<[UInt8], STSFetchFault> {
        guard let host = domain.stsPolicyHost else {
            return .failure(STSFetchFault(.stsPolicyFetchError, "the policy host's name would be too long for DNS"))
        }
        async let first = resolver.resolve(Question(host, .aaaa))
        async let second = resolver.resolve(Question(host, .a))
        let answers = await [first, second]
        let facts = AddressFacts(reading: answers, loopbackAllowed: loopbackAllowed)
        guard !facts.addresses.isEmpty else {
            let why = if case .failed(let words) = facts.lookup { words } else { "it has no address" }
            return .failure(STSFetchFault(.stsPolicyFetchError, "\(host) cannot be reached: \(why)"))
        }
        let request = HTTPSRequest(
            host: host, path: Self.path, addresses: facts.addresses, bodyLimit: STSPolicy.textLimit, timeout: timeout,
            trust: HTTPSRequest.Trust(trust))
        let answer = STSFetchAnswer(await client.get(request))
        do throws(STSFetchFault) {
            return .success(try STSFetchReading.policyText(of: answer))
        } catch {
            return .failure(error)
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
