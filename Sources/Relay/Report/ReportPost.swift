import DNS
import Glibc
import HTTPS
import Mail
import Net
import Store

/// Brings a compressed report to an `https:` endpoint (RFC 8460 §5.4), or into a folder.
struct ReportPost: Sendable {
    // Functions, so that a test can say what the network does.
    let resolve: @concurrent @Sendable (Question) async -> Answer
    let request: @concurrent @Sendable (HTTPSRequest) async -> Swift.Result<HTTPSResponse, HTTPSFailure>
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
            return store(
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
        var addresses: [IPAddress] = []
        var refusal: String?
        for address in facts.addresses + facts.refused {
            let why = address.refusedForReports(
                privateAllowed: settings.privateAllowed, loopbackAllowed: settings.loopbackAllowed)
            if let why { refusal = "\(address) is \(why)" } else { addresses.append(address) }
        }
        guard !addresses.isEmpty else {
            // A stranger's record must not have this machine talk to its own network.
            if let refusal { return .failed("\(endpoint.host) may not be posted to: \(refusal)") }
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
            return .later(
                "\(endpoint.host) answered \(response.status)", seconds: response.retryAfter.map { Int64($0) })
        case .failure(let failure) where failure.kind == .cancelled:
            return .stopped
        case .failure(let failure):
            return .later(failure.words, seconds: nil)
        }
    }

    /// A file under its final name only when it is whole.
    private func store(_ body: [UInt8], of report: StoredReport, in folder: String) -> Result {
        guard let id = ReportID(report.id) else { return .failed("its id cannot be read") }
        let named = TLSReport(
            organization: settings.organization, contact: settings.contact, domain: report.domain, day: report.day,
            id: id, policies: [])
        let path = "\(folder)/\(named.fileName)"
        let temporary = "\(folder)/.\(named.fileName).\(getpid())"
        func failure(_ doing: String) -> Result {
            let words = String(cString: strerror(errno))
            unlink(temporary)
            return .later("\(doing) \(path): \(words)", seconds: nil)
        }
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o640)
        guard descriptor >= 0 else { return failure("cannot create") }
        var rest = body[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard written > 0 else {
                close(descriptor)
                return failure("cannot write")
            }
            rest = rest.dropFirst(written)
        }
        guard fsync(descriptor) == 0, close(descriptor) == 0 else { return failure("cannot write") }
        guard rename(temporary, path) == 0 else { return failure("cannot name") }
        return .accepted("written to \(path)")
    }
}
