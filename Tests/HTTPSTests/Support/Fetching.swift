import Foundation
import Mail
import Testing

@testable import HTTPS

let policyHost = "mta-sts.example.com"
/// Longer than any fetch in these tests takes, however busy the machine is.
let patience = Duration.seconds(600)
let loopback = IPAddress.v4(0x7F00_0001)

extension HTTPSRequest {
    /// To a test server on loopback.
    static func to(
        _ server: TestServer, host: String = policyHost, addresses: [IPAddress] = [loopback],
        bodyLimit: Int = 65_536, timeout: Duration = patience, trust: Trust? = nil
    ) throws -> HTTPSRequest {
        HTTPSRequest(
            host: try DomainName(host), path: "/.well-known/mta-sts.txt", port: server.port, addresses: addresses,
            bodyLimit: bodyLimit, timeout: timeout, trust: try trust ?? .file(TestPKI.shared.rootFile))
    }
}

extension HTTPSRequest {
    /// A POST to a test server on loopback.
    static func post(
        _ body: [UInt8], to server: TestServer, contentType: String = "application/tlsrpt+gzip", bodyLimit: Int = 0,
        timeout: Duration = patience, trust: Trust? = nil
    ) throws -> HTTPSRequest {
        HTTPSRequest(
            method: .post(body: body, contentType: contentType), host: try DomainName(policyHost),
            path: "/reports?of=d",
            port: server.port, addresses: [loopback], bodyLimit: bodyLimit, timeout: timeout,
            trust: try trust ?? .file(TestPKI.shared.rootFile))
    }
}

/// One POST to a server that exists for it alone.
func post(
    _ body: [UInt8], presenting chain: [TestCertificate]? = nil, bodyLimit: Int = 0, timeout: Duration = patience,
    trust: HTTPSRequest.Trust? = nil, _ script: @escaping TestServer.Script
) async throws -> Result<HTTPSResponse, HTTPSFailure> {
    let server = try TestServer(presenting: chain ?? [TestPKI.shared.leaf], script)
    let client = try HTTPSClient()
    let result = await client.send(try .post(body, to: server, bodyLimit: bodyLimit, timeout: timeout, trust: trust))
    await client.close()
    server.stop()
    return result
}

/// One fetch from a server that exists for it alone.
func fetch(
    presenting chain: [TestCertificate]? = nil, host: String = policyHost, bodyLimit: Int = 65_536,
    timeout: Duration = patience, trust: HTTPSRequest.Trust? = nil, _ script: @escaping TestServer.Script
) async throws -> Result<HTTPSResponse, HTTPSFailure> {
    let server = try TestServer(presenting: chain ?? [TestPKI.shared.leaf], script)
    let client = try HTTPSClient()
    let result = await client.get(
        try .to(server, host: host, bodyLimit: bodyLimit, timeout: timeout, trust: trust))
    await client.close()
    server.stop()
    return result
}

extension Result where Success == HTTPSResponse, Failure == HTTPSFailure {
    var response: HTTPSResponse? { try? get() }

    var failure: HTTPSFailure? {
        if case .failure(let failure) = self { failure } else { nil }
    }

    var text: String? {
        response.map { String(decoding: $0.body, as: UTF8.self) }
    }
}

/// Lets tasks wait for what server threads do.
final class Gate: @unchecked Sendable {
    // @unchecked Sendable because the stored variables are only touched between `lock` and `unlock` of `condition`.
    private let condition = NSCondition()
    private var count = 0
    private var waiters: [(needed: Int, continuation: CheckedContinuation<Void, Never>)] = []

    /// One more has arrived; its number, from 1.
    @discardableResult
    func arrive() -> Int {
        condition.lock()
        count += 1
        let number = count
        let ready = waiters.filter { $0.needed <= count }
        waiters.removeAll { $0.needed <= count }
        condition.broadcast()
        condition.unlock()
        for waiter in ready { waiter.continuation.resume() }
        return number
    }

    /// Suspends until that many have arrived.
    func wait(for needed: Int) async {
        await withCheckedContinuation { continuation in
            condition.lock()
            let isReady = count >= needed
            if !isReady { waiters.append((needed, continuation)) }
            condition.unlock()
            if isReady { continuation.resume() }
        }
    }

    /// Blocks the thread until that many have arrived.
    func block(until needed: Int) {
        condition.lock()
        while count < needed { condition.wait() }
        condition.unlock()
    }
}
