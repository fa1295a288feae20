import DNS
import HTTPS
import Mail
import Net

/// `alarm.post`: a web service that gets each tiding as JSON in a POST. The certificate is verified; the address may be
/// private, for it was the operator who named it.
struct AlarmPost: Sendable {
    // Functions, so that a test can say what the network does.
    let resolve: @concurrent @Sendable (Question) async -> Answer
    let request: @concurrent @Sendable (HTTPSRequest) async -> Swift.Result<HTTPSResponse, HTTPSFailure>
    let endpoint: ReportEndpoint
    let trust: HTTPSRequest.Trust
    /// Between two tries.
    var pauses: [Duration] = Self.usualPauses

    static let timeout: Duration = .seconds(30)
    /// Ours: so many tries more after the first, within some six minutes.
    static let usualPauses: [Duration] = [.seconds(5), .seconds(60), .seconds(300)]
    static let mediaType = "application/json"

    /// - Returns: what went wrong at the last try; nil where the service took it.
    func send(_ body: [UInt8], on loop: Loop) async -> String? {
        var problem: String?
        for attempt in 0...pauses.count {
            problem = await post(body)
            if problem == nil || Task.isCancelled { return problem }
            if attempt < pauses.count, !(await rest(pauses[attempt], on: loop)) { return problem }
        }
        return problem
    }

    /// In short steps: the daemon may stop.
    /// - Returns: false where it does.
    private func rest(_ pause: Duration, on loop: Loop) async -> Bool {
        let end = Deadline.after(pause)
        while !end.hasPassed {
            guard !Task.isCancelled, await loop.pause(min(pause, .seconds(1))) else { return false }
        }
        return true
    }

    private func post(_ body: [UInt8]) async -> String? {
        async let first = resolve(Question(endpoint.host, .aaaa))
        async let second = resolve(Question(endpoint.host, .a))
        let facts = AddressFacts(reading: await [first, second], loopbackAllowed: true)
        let addresses = facts.addresses
        guard !addresses.isEmpty else {
            let why = if case .failed(let words) = facts.lookup { words } else { "it has no address" }
            return "\(endpoint.host) cannot be reached: \(why)"
        }
        switch await request(
            HTTPSRequest(
                method: .post(body: body, contentType: Self.mediaType), host: endpoint.host, path: endpoint.path,
                port: endpoint.port, addresses: addresses, bodyLimit: 0, timeout: Self.timeout, trust: trust))
        {
        case .success(let response) where (200..<300).contains(response.status): return nil
        case .success(let response): return "\(endpoint.host) answered \(response.status)"
        case .failure(let failure): return failure.words
        }
    }
}
