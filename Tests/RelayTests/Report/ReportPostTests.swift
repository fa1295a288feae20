import DNS
import Foundation
import HTTPS
import Mail
import Net
import Store
import Synchronization
import Testing

@testable import Relay

/// One POST of a report, or one file.
struct ReportPostTests {
    /// What DNS says of one host, and what its server answers.
    final class Receiver: Sendable {
        private struct State {
            var requests: [HTTPSRequest] = []
            var questions: [Question] = []
        }

        private let state = Mutex(State())
        private let storeFolder = try? PolicyFolder()
        private let store: SQLiteStore?
        let addresses: [IPAddress]?
        let answer: Result<HTTPSResponse, HTTPSFailure>
        let settings: ReportSettings

        /// - Parameter addresses: nil where the lookup fails.
        init(
            _ addresses: [IPAddress]?, _ answer: Result<HTTPSResponse, HTTPSFailure> = .success(.status(201)),
            _ change: (inout Configuration) -> Void = { _ in }
        ) throws {
            self.addresses = addresses
            self.answer = answer
            var configuration = try ReportWorld.configuration()
            change(&configuration)
            settings = try #require(ReportSettings(configuration))
            store = try storeFolder?.open()
        }

        var requests: [HTTPSRequest] { state.withLock { $0.requests } }
        var questions: [Question] { state.withLock { $0.questions } }

        var post: ReportPost {
            ReportPost(
                resolve: { question in
                    self.state.withLock { $0.questions.append(question) }
                    guard let addresses = self.addresses else { return Answer(question, .failed("SERVFAIL"), .failed) }
                    let data: [[UInt8]] = addresses.compactMap { address in
                        switch (address, question.type) {
                        case (.v4(let bits), .a): (0..<4).map { UInt8(truncatingIfNeeded: bits >> (24 - 8 * $0)) }
                        case (.v6(let high, let low), .aaaa):
                            [high, low].flatMap { half in
                                (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * $0)) }
                            }
                        default: nil
                        }
                    }
                    return Answer(question, data.isEmpty ? .noData : .records(data), .insecure)
                },
                request: { request in
                    self.state.withLock { $0.requests.append(request) }
                    return self.answer
                },
                write: { octets, name, folder in
                    do throws(StoreError) {
                        try await self.store?.writeFile(octets, named: name, in: folder)
                        return nil
                    } catch {
                        return error
                    }
                }, settings: settings)
        }
    }

    static let body: [UInt8] = [0x1F, 0x8B, 1, 2, 3]
    static let uri = "https://r.example/v1/tlsrpt?d=a"
    static let public4 = IPAddress.v4(0x0909_0909)
    static let public6 = IPAddress.v6(high: 0x2620_00FE_0000_0000, low: 9)

    static func report() throws -> StoredReport {
        let domain = try DomainName("a.example")
        let id = ReportID(
            domain: domain, day: ReportWorld.day, submitter: try DomainName("sender.example"), salt: 0xABC)
        return StoredReport(domain: domain, day: ReportWorld.day, id: id.description)
    }

    @Test("RPTF-23 The POST: body, type, path, addresses of both families")
    func request() async throws {
        let receiver = try Receiver([Self.public4, Self.public6])
        #expect(
            await receiver.post.send(Self.body, of: try Self.report(), to: Self.uri)
                == .accepted("r.example answered 201"))
        let request = try #require(receiver.requests.first)
        #expect(request.method == .post(body: Self.body, contentType: "application/tlsrpt+gzip"))
        #expect(request.host.text == "r.example" && request.path == "/v1/tlsrpt?d=a" && request.port == 443)
        #expect(Set(request.addresses) == [Self.public4, Self.public6] && request.timeout == .seconds(120))
        #expect(Set(receiver.questions.map(\.type)) == [.a, .aaaa] && receiver.requests.count == 1)
    }

    @Test(
        "RPTF-23 RPTF-25 2xx is delivered, anything else is tried again, with Retry-After where it is said",
        arguments: [
            (200, true), (201, true), (202, true), (204, true), (299, true), (199, false), (300, false), (301, false),
            (400, false), (404, false), (410, false), (413, false), (429, false), (500, false), (503, false),
        ])
    func status(status: Int, isAccepted: Bool) async throws {
        let receiver = try Receiver([Self.public4], .success(.status(status, after: 77)))
        let result = await receiver.post.send(Self.body, of: try Self.report(), to: Self.uri)
        let words = "r.example answered \(status)"
        // Who says "not here" is asked seldom.
        let wait = (300..<500).contains(status) && status != 429 ? ReportTimes.longestWait : 77
        #expect(result == (isAccepted ? .accepted(words) : .later(words, seconds: wait)))
    }

    @Test("RPTF-25 A failure on the way is tried again; on our way out nothing is known")
    func failures() async throws {
        for kind in HTTPSFailure.Kind.allCases {
            let receiver = try Receiver([Self.public4], .failure(HTTPSFailure(kind, "it went wrong")))
            let result = await receiver.post.send(Self.body, of: try Self.report(), to: Self.uri)
            #expect(result == (kind == .cancelled ? .stopped : .later("it went wrong", seconds: nil)), "\(kind)")
        }
    }

    @Test("A stop while the host is looked up: nothing is known, whatever DNS said, and nobody is connected to")
    func stopped() async throws {
        for addresses: [IPAddress]? in [nil, [], [Self.public4]] {
            let receiver = try Receiver(addresses)
            let report = try Self.report()
            let sending = Task {
                while !Task.isCancelled { await Task.yield() }
                return await receiver.post.send(Self.body, of: report, to: Self.uri)
            }
            sending.cancel()
            #expect(await sending.value == .stopped)
            #expect(receiver.requests.isEmpty)
        }
    }

    @Test("RPTF-24 Certificates are ignored by default, and verified where the operator says so")
    func certificates() async throws {
        let lax = try Receiver([Self.public4])
        _ = await lax.post.send(Self.body, of: try Self.report(), to: Self.uri)
        #expect(lax.requests.first?.trust == .unverified)
        let strict = try Receiver([Self.public4]) { $0.tlsrpt.certificates = .verify }
        _ = await strict.post.send(Self.body, of: try Self.report(), to: Self.uri)
        #expect(strict.requests.first?.trust != .unverified)
    }

    @Test(
        "A stranger's record does not make this machine talk to its own network",
        arguments: [
            ("127.0.0.1", "loopback"), ("::1", "loopback"), ("10.1.2.3", "private"), ("192.168.0.1", "private"),
            ("172.16.0.1", "private"), ("169.254.169.254", "the cloud's own"), ("fe80::1", "link-local"),
            ("fd00::1", "unique local"), ("0.0.0.0", "unspecified"), ("::ffff:127.0.0.1", "loopback in disguise"),
            ("224.0.0.1", "multicast"),
        ])
    func refused(address: String, why: String) async throws {
        let receiver = try Receiver([try #require(IPAddress(address[...]))])
        let result = await receiver.post.send(Self.body, of: try Self.report(), to: Self.uri)
        guard case .failed(let words) = result else {
            Issue.record("\(why): \(result)")
            return
        }
        #expect(words.contains("may not be posted to") && receiver.requests.isEmpty, "\(why): \(words)")
    }

    @Test("Of several addresses only those that may be are connected to")
    func someRefused() async throws {
        let receiver = try Receiver([.v4(0x7F00_0001), Self.public4, .v4(0x0A00_0001)])
        _ = await receiver.post.send(Self.body, of: try Self.report(), to: Self.uri)
        #expect(receiver.requests.first?.addresses == [Self.public4])
    }

    @Test("tlsrpt.private_addresses and delivery.loopback let them")
    func allowed() async throws {
        let privately = try Receiver([.v4(0x0A00_0001)]) { $0.tlsrpt.privateAddresses = true }
        _ = await privately.post.send(Self.body, of: try Self.report(), to: Self.uri)
        #expect(privately.requests.count == 1)
        let loop = try Receiver([.v4(0x7F00_0001)]) { $0.delivery.loopback = true }
        _ = await loop.post.send(Self.body, of: try Self.report(), to: Self.uri)
        #expect(loop.requests.count == 1)
    }

    @Test("A host that cannot be looked up, and one without addresses, are tried again")
    func lookups() async throws {
        for addresses: [IPAddress]? in [nil, []] {
            let receiver = try Receiver(addresses)
            let result = await receiver.post.send(Self.body, of: try Self.report(), to: Self.uri)
            guard case .later(let words, seconds: nil) = result else {
                Issue.record("\(result)")
                continue
            }
            #expect(words.hasPrefix("r.example cannot be reached: ") && receiver.requests.isEmpty)
        }
    }

    @Test(
        "A URI that nothing may be posted to is refused for good, without a question",
        arguments: ["https://u@r.example/", "https://127.0.0.1/", "https://r.example:25/", "http://r.example/"])
    func uris(uri: String) async throws {
        let receiver = try Receiver([Self.public4])
        guard case .failed = await receiver.post.send(Self.body, of: try Self.report(), to: uri) else {
            Issue.record("\(uri) is taken")
            return
        }
        #expect(receiver.questions.isEmpty && receiver.requests.isEmpty)
    }

    @Test("RPTF-11 An override to a folder: one file under its own name, whole, and the same again")
    func directory() async throws {
        let folder = try PolicyFolder()
        let receiver = try Receiver([Self.public4])
        let report = try Self.report()
        for body in [Self.body, Self.body + [9]] {
            let result = await receiver.post.send(body, of: report, to: "directory:\(folder.parent)")
            guard case .accepted(let words) = result else {
                Issue.record("\(result)")
                return
            }
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.parent)
            let start = ReportWorld.day.start.seconds
            #expect(names == ["sender.example!a.example!\(start)!\(start + 86_399)!0000000000000abc.json.gz"])
            #expect(words.contains(folder.parent))
            let data = try Data(contentsOf: URL(filePath: "\(folder.parent)/\(names.first ?? "")"))
            #expect(Array(data) == body)
        }
        #expect(receiver.requests.isEmpty && receiver.questions.isEmpty)
    }

    @Test("A folder that is not there is tried again, and leaves nothing behind")
    func noDirectory() async throws {
        let folder = try PolicyFolder()
        let result = await (try Receiver([])).post.send(
            Self.body, of: try Self.report(), to: "directory:\(folder.parent)/missing")
        guard case .later(let words, seconds: nil) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(words.contains("No such file or directory"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.parent).isEmpty)
    }
}

extension HTTPSResponse {
    static func status(_ status: Int, after seconds: Int? = nil) -> HTTPSResponse {
        HTTPSResponse(status: status, contentType: nil, body: [], retryAfter: seconds)
    }
}
