import DNS
import HTTPS
import Mail
import Net
import Store

/// Brings a compressed report to an `https:` endpoint (RFC 8460 §5.4), or into a folder.
struct ReportPost: Sendable {
    // Functions, so that a test can say what the network does.
    let resolve: @concurrent @Sendable (Question) async -> Answer
    let request: @concurrent @Sendable (HTTPSRequest) async -> Swift.Result<HTTPSResponse, HTTPSFailure>
    /// Writes octets to a file of that name in that folder; what went wrong.
    let write: @concurrent @Sendable ([UInt8], _ name: String, _ folder: String) async -> StoreError?
    let settings: ReportSettings

    enum Result: Hashable, Sendable {
        case accepted(String)
        /// For good.
        case failed(String)
        /// To be tried again, not before so many seconds where the receiver said so.
        case later(String, seconds: Int64?)
        /// We are on the way out: nothing is known.
        case stopped
    }

    /// RFC 8460 §6.4 (erratum: the registered name has a plus sign).
    static let mediaType = "application/tlsrpt+gzip"

    func send(_ body: [UInt8], of report: StoredReport, to uri: String) async -> Result {
        if uri.hasPrefix(Configuration.ReportRoute.directoryScheme) {
            return await place(
                body, of: report, in: String(uri.dropFirst(Configuration.ReportRoute.directoryScheme.count)))
        }
        switch ReportEndpoint.read(uri: uri) {
        case .failure(let fault): return .failed(fault.words)
        case .success(let endpoint): return await post(body, to: endpoint)
        }
    }

    private func post(_ body: [UInt8], to endpoint: ReportEndpoint) async -> Result {
        async let first = resolve(Question(endpoint.host, .aaaa))
        async let second = resolve(Question(endpoint.host, .a))
        let facts = AddressFacts(reading: await [first, second], loopbackAllowed: true)
        // The end cancels first and closes the resolver then: no answer from it is not the receiver's doing.
        if Task.isCancelled { return .stopped }
        var addresses: [IPAddress] = []
        var refusal: String?
        let own = settings.loopbackAllowed ? [] : settings.ownAddresses()
        for address in facts.addresses + facts.refused {
            let why = address.refusedForReports(
                privateAllowed: settings.privateAllowed, loopbackAllowed: settings.loopbackAllowed)
            if let why {
                refusal = "\(address) is \(why)"
            } else if own.contains(address) {
                // Behind our own firewall: what listens there does not expect strangers.
                refusal = "\(address) is this machine"
            } else {
                addresses.append(address)
            }
        }
        guard !addresses.isEmpty else {
            // A stranger's record must not have this machine talk to its own network. Half an answer is not all of them.
            if let refusal, facts.partialFailure == nil {
                return .failed("\(endpoint.host) may not be posted to: \(refusal)")
            }
            let why = if case .failed(let words) = facts.lookup { words } else { "it has no address" }
            return .later("\(endpoint.host) cannot be reached: \(why)", seconds: nil)
        }
        let request = HTTPSRequest(
            method: .post(body: body, contentType: Self.mediaType), host: endpoint.host, path: endpoint.path,
            port: endpoint.port, addresses: addresses, bodyLimit: 0, timeout: ReportTimes.postTimeout,
            trust: settings.trust)
        switch await self.request(request) {
        case .success(let response) where (200..<300).contains(response.status):
            return .accepted("\(endpoint.host) answered \(response.status)")
        case .success(let response):
            // Who says "not here" is asked seldom: the address is a stranger's choice, and he may have chosen somebody else's.
            let patience = Self.isRefusal(response.status) ? ReportTimes.longestWait : 0
            let wait = max(patience, response.retryAfter.map { Int64($0) } ?? 0)
            return .later("\(endpoint.host) answered \(response.status)", seconds: wait > 0 ? wait : nil)
        case .failure(let failure) where failure.kind == .cancelled:
            return .stopped
        case .failure(let failure):
            return .later(failure.words, seconds: nil)
        }
    }

    /// 3xx and 4xx, but for those that RFC 9110 §15.5 means to pass: 408, 425, 429.
    private static func isRefusal(_ status: Int) -> Bool {
        (300..<500).contains(status) && ![408, 425, 429].contains(status)
    }

    /// A file under its final name only when it is whole.
    private func place(_ body: [UInt8], of report: StoredReport, in folder: String) async -> Result {
        guard let id = ReportID(report.id) else { return .failed("its id cannot be read") }
        let named = TLSReport(
            organization: settings.organization, contact: settings.contact, domain: report.domain, day: report.day,
            id: id, policies: [])
        if let fault = await write(body, named.fileName, folder) { return .later("\(fault)", seconds: nil) }
        return .accepted("written to \(folder)/\(named.fileName)")
    }
}
