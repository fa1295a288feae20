import COpenSSL
import Foundation
import Mail
import Net
import Synchronization
import Testing

@testable import HTTPS

/// What a server has read.
final class Received: Sendable {
    private let octets = Mutex<[UInt8]>([])

    var body: [UInt8] {
        get { octets.withLock { $0 } }
        set { octets.withLock { $0 = newValue } }
    }
}

/// An answer with a name that a log can take.
struct Answer: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let text: String

    init(_ name: String, _ text: String) {
        testDescription = name
        self.text = text
    }
}

/// Octets that no compression and no line repair would leave alone.
private func report(_ count: Int) -> [UInt8] {
    var octets = (0..<min(count, 997)).map { _ in UInt8.random(in: 0...255) }
    while octets.count < count { octets += octets.prefix(count - octets.count) }
    return octets
}

private func answer(_ status: String, _ fields: String = "", body: String = "") -> String {
    "HTTP/1.1 \(status)\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
}

@Suite("HTTPS: posts")
struct PostTests {
    @Test(
        "RPTF-23 the body comes as it was sent, with its length and type, and nothing is asked first",
        // 1 MiB + 1: more than libcurl sends without being told to continue. The last: the limit.
        arguments: [0, 1, 65_536, (1 << 20) + 1, HTTPSRequest.postLimit])
    func body(count: Int) async throws {
        let received = Received()
        let body = report(count)
        let server = try TestServer(presenting: [TestPKI.shared.leaf]) { connection in
            received.body = connection.readBody()
            connection.send(answer("201 Created"))
            connection.endProperly()
        }
        let client = try HTTPSClient()
        let result = await client.send(try .post(body, to: server))
        await client.close()
        #expect(result == .success(HTTPSResponse(status: 201, contentType: nil, body: [])))
        #expect(difference(received.body, body) == nil)
        let request = try #require(server.requests.first)
        #expect(request.serverName == policyHost)
        #expect(
            Set(request.lines) == [
                "POST /reports?of=d HTTP/1.1", "Host: \(policyHost):\(server.port)", "Accept: */*",
                "Content-Type: application/tlsrpt+gzip", "Content-Length: \(count)",
            ])
        #expect(request.lines.count == 5)
        server.stop()
    }

    @Test(
        "RPTF-23 every status is an answer, and no redirect is followed",
        arguments: [
            (200, "200 OK"), (202, "202 Accepted"), (204, "204 No Content"), (301, "301 Moved"), (302, "302 Found"),
            (307, "307 Temporary"), (308, "308 Permanent"), (400, "400 Bad"), (401, "401 Who"), (404, "404 Not Found"),
            (413, "413 Large"), (417, "417 Expectation"), (429, "429 Many"), (500, "500 Error"), (503, "503 Busy"),
        ])
    func status(status: Int, text: String) async throws {
        let server = try TestServer(presenting: [TestPKI.shared.leaf]) { connection in
            _ = connection.readBody()
            connection.send(answer(text, "Location: https://\(policyHost)/elsewhere\r\nWWW-Authenticate: Basic\r\n"))
            connection.waitForEnd()
        }
        let client = try HTTPSClient()
        let result = await client.send(try .post(report(1_000), to: server))
        #expect(result == .success(HTTPSResponse(status: status, contentType: nil, body: [])))
        await client.close()
        server.waitUntilIdle()
        #expect(server.connections == 1 && server.requests.count == 1)
        server.stop()
    }

    @Test("RPTF-23 a refusal that comes before the body is read is the answer", arguments: [1_000, 8 << 20])
    func earlyRefusal(count: Int) async throws {
        let gone = Gate()
        let result = try await post(report(count)) { connection in
            connection.send(answer("413 Content Too Large", "Retry-After: 7\r\n"))
            // Takes what comes, until the client is gone.
            connection.waitForEnd()
            gone.arrive()
        }
        #expect(result == .success(HTTPSResponse(status: 413, contentType: nil, body: [], retryAfter: 7)))
        await gone.wait(for: 1)
    }

    @Test("A 2xx that comes before the body is read counts once the body is sent")
    func earlySuccess() async throws {
        let received = Received()
        let body = report(8 << 20)
        let result = try await post(body) { connection in
            connection.send(answer("200 OK"))
            received.body = connection.readBody()
            connection.endProperly()
        }
        #expect(result.response?.status == 200, "\(result)")
        // The answer is all we wait for: what the server's socket has not taken by then may be lost with the connection, and
        // how much that is, the load of the machine decides. It went on after the answer, and nothing else came.
        #expect(received.body.count > 1 << 20 && body.starts(with: received.body), "\(received.body.count) octets")
    }

    @Test("A 2xx does not count where the server goes with half of the body")
    func halfTaken() async throws {
        let result = try await post(report(8 << 20)) { connection in
            connection.send(answer("200 OK"))
            _ = connection.readBody(atMost: 1_000)
        }
        #expect(result.failure?.kind == .protocolError, "\(result)")
    }

    @Test(
        "RPTF-23 the answer's body is dropped: 1 MB of it, one without an end, a cut one, a compressed one",
        arguments: [0, 1, 65_536],
        [
            Answer("1 MB", answer("201 Created", body: String(repeating: "x", count: 1_000_000))),
            Answer("no length", "HTTP/1.1 201 Created\r\n\r\n" + String(repeating: "x", count: 1_000_000)),
            Answer("cut", "HTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\nabc"),
            Answer("cut, no length", "HTTP/1.1 201 Created\r\n\r\nabc"),
            Answer("no chunks", "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
            Answer(
                "gzip, chunked", "HTTP/1.1 201 Created\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
            Answer(
                "a trailer of 100 KB",
                "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
                    + String(repeating: "X: \(String(repeating: "y", count: 996))\r\n", count: 100) + "\r\n"),
            Answer("gzip", "HTTP/1.1 201 Created\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"),
            Answer(
                "an interim answer's fields do not count",
                "HTTP/1.1 100 Continue\r\nRetry-After: 9\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\na"),
        ])
    func answerBody(limit: Int, answer: Answer) async throws {
        let text = answer.text
        let result = try await post(report(1_000), bodyLimit: limit) { connection in
            _ = connection.readBody()
            connection.send(text)
        }
        #expect(result == .success(HTTPSResponse(status: 201, contentType: nil, body: [])))
    }

    @Test("The answer's body is read up to the limit, and no further", arguments: [0, 1_000_000])
    func endlessAnswer(limit: Int) async throws {
        let gone = Gate()
        let result = try await post([1], bodyLimit: limit) { connection in
            _ = connection.readBody()
            connection.send("HTTP/1.1 200 OK\r\n\r\n")
            let piece = [UInt8](repeating: 0x61, count: 1_000)
            // Ends when the client does.
            while connection.send(piece) {}
            gone.arrive()
        }
        #expect(result.response?.status == 200)
        await gone.wait(for: 1)
    }

    @Test("An answer whose body never comes is not waited for")
    func silentAnswer() async throws {
        let result = try await post([1]) { connection in
            _ = connection.readBody()
            connection.send("HTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\n")
            connection.waitForEnd()
        }
        #expect(result.response?.status == 201)
    }

    @Test(
        "RPTF-23 503 says when to come again",
        arguments: [
            ("Retry-After: 120\r\n", 120), ("Retry-After: 0\r\n", 0), ("retry-after:86401\r\n", 86_400),
            ("Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n", 86_400),
            ("Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 0),
            ("Retry-After: soon\r\n", nil), ("Retry-After: 1\r\nRetry-After: 2\r\n", nil), ("", nil),
        ] as [(String, Int?)])
    func retryAfter(fields: String, seconds: Int?) async throws {
        let result = try await post([1]) { connection in
            _ = connection.readBody()
            connection.send(answer("503 Busy", fields))
            connection.endProperly()
        }
        #expect(result == .success(HTTPSResponse(status: 503, contentType: nil, body: [], retryAfter: seconds)))
    }

    @Test("A server that reads slowly gets all of it")
    func slowReader() async throws {
        let received = Received()
        let body = report(300_000)
        let result = try await post(body) { connection in
            received.body = connection.readBody(step: 7)
            connection.send(answer("200 OK"))
            connection.endProperly()
        }
        #expect(result.response?.status == 200)
        #expect(difference(received.body, body) == nil)
    }

    @Test("A server that reads nothing has until the deadline")
    func noReader() async throws {
        let gone = Gate()
        let server = try TestServer(presenting: [TestPKI.shared.leaf]) { _ in gone.block(until: 1) }
        let client = try HTTPSClient()
        let result = await client.send(try .post(report(8 << 20), to: server, timeout: .milliseconds(500)))
        #expect(result.failure?.kind == .timedOut, "\(result)")
        gone.arrive()
        await client.close()
        server.stop()
    }

    @Test(
        "A server that goes has not taken the report", arguments: ["", "HTTP/1.1 201 Created\r\nContent-"], [0, 5_000])
    func closes(text: String, read: Int) async throws {
        let result = try await post(report(5_000)) { connection in
            _ = connection.readBody(atMost: read)
            connection.send(text)
        }
        #expect(result.failure?.kind == .protocolError, "\(result)")
    }

    @Test("Cancelled in the middle of the body it returns at once, and the connection ends")
    func cancelled() async throws {
        let began = Gate()
        let ended = Gate()
        let server = try TestServer(presenting: [TestPKI.shared.leaf]) { connection in
            _ = connection.readBody(atMost: 1)
            began.arrive()
            began.block(until: 2)
            connection.waitForEnd()
            ended.arrive()
        }
        let client = try HTTPSClient()
        let request = try HTTPSRequest.post(report(8 << 20), to: server)
        let task = Task { await client.send(request) }
        await began.wait(for: 1)
        task.cancel()
        #expect(await task.value.failure?.kind == .cancelled)
        began.arrive()
        await ended.wait(for: 1)
        await client.close()
        server.stop()
    }

    // MARK: Trust

    /// Certificates that no anchor of the test vouches for, or that are not the host's.
    private static func bad(_ kind: String) throws -> TestCertificate {
        try TestCertificate {
            $0.names = kind == "another name" ? "DNS:mta-sts.example.net" : "DNS:\(policyHost)"
            if kind != "self-signed" { $0.issuer = try? TestPKI.shared.root }
            if kind == "expired" { ($0.from, $0.until) = (-7_200, -3_600) }
            if kind == "of the future" { $0.from = 1_800 }
            if kind == "not for servers" { $0.purpose = "clientAuth" }
        }
    }

    @Test(
        "RPTF-24 a certificate that fails stops a POST, unless that is said not to matter",
        arguments: ["expired", "of the future", "self-signed", "another name", "not for servers"])
    func badCertificate(kind: String) async throws {
        let leaf = try Self.bad(kind)
        let script: TestServer.Script = { connection in
            _ = connection.readBody()
            connection.send(answer("201 Created"))
            connection.endProperly()
        }
        for trust in [HTTPSRequest.Trust.system, .file(try TestPKI.shared.rootFile)] {
            let refused = try await post(report(1_000), presenting: [leaf], trust: trust, script)
            #expect(refused.failure?.kind == .certificate, "\(kind): \(refused)")
        }
        let accepted = try await post(report(1_000), presenting: [leaf], trust: .unverified, script)
        #expect(accepted.response?.status == 201, "\(kind): \(accepted)")
    }

    @Test(
        "RPTF-24 without verification TLS 1.2 is still the least",
        arguments: [(TLS1_1_VERSION, false), (TLS1_2_VERSION, true)])
    func version(maximum: CInt, isGood: Bool) async throws {
        let server = try TestServer(presenting: [TestPKI.shared.leaf], maximumVersion: maximum) { connection in
            _ = connection.readBody()
            connection.send(answer("201 Created"))
            connection.endProperly()
        }
        let client = try HTTPSClient()
        let result = await client.send(try .post([1], to: server, trust: .unverified))
        await client.close()
        #expect(result.response?.status == (isGood ? 201 : nil))
        #expect(result.failure?.kind == (isGood ? nil : .tls), "\(result)")
        server.stop()
    }

    @Test("One client keeps those who verify and those who do not apart")
    func trustsApart() async throws {
        let leaf = try Self.bad("expired")
        let server = try TestServer(presenting: [leaf]) { connection in
            _ = connection.readBody()
            connection.send(answer("201 Created"))
            connection.endProperly()
        }
        let client = try HTTPSClient()
        for _ in 0..<2 {
            #expect(await client.send(try .post([1], to: server, trust: .unverified)).response?.status == 201)
            #expect(await client.send(try .post([1], to: server)).failure?.kind == .certificate)
            #expect(await client.get(try .to(server)).failure?.kind == .certificate)
        }
        await client.close()
        server.stop()
    }

    // MARK: What is not sent at all

    @Test("A request that cannot be made is our own fault")
    func refused() async throws {
        let server = try TestServer(presenting: [TestPKI.shared.leaf]) { connection in
            _ = connection.readBody()
            TestServer.policy()(connection)
        }
        let client = try HTTPSClient()
        func isOurs(_ result: Result<HTTPSResponse, HTTPSFailure>) -> Bool { result.failure?.kind == .ours }
        #expect(
            isOurs(await client.send(try .post([UInt8](repeating: 0, count: HTTPSRequest.postLimit + 1), to: server))))
        let long = "a/" + String(repeating: "b", count: HTTPSRequest.contentTypeLimit - 1)
        for type in ["", " a/b", "a/b ", "a/b\r\nX: y", "a/b\n", "a/\u{E4}", "a/b\0", long] {
            #expect(isOurs(await client.send(try .post([1], to: server, contentType: type))), "\(type)")
        }
        #expect(isOurs(await client.get(try .to(server, trust: .unverified))))
        #expect(isOurs(await client.send(try .to(server, trust: .unverified))))
        #expect(isOurs(await client.get(try .post([1], to: server))))
        #expect(isOurs(await client.send(try .post([1], to: server, bodyLimit: -1))))
        #expect(server.connections == 0)
        // One octet less is a type, and `send` fetches too.
        #expect(await client.send(try .post([1], to: server, contentType: String(long.dropLast()))).response != nil)
        #expect(await client.send(try .to(server)).text == "version: STSv1\n")
        await client.close()
        server.stop()
    }
}

@Suite("HTTPS: Retry-After")
struct RetryAfterTests {
    /// Sun, 06 Nov 1994 08:49:37 GMT (RFC 9110 §5.6.7)
    static let example = 784_111_777

    @Test(
        "RPTF-23 seconds or a date, capped; garbage is nothing",
        arguments: [
            ("0", 0), ("1", 1), ("0120", 120), ("86400", 86_400), ("86401", 86_400),
            ("99999999999999999999999999", 86_400),  // more than a number holds
            ("Sun, 06 Nov 1994 08:49:37 GMT", 10), ("Sunday, 06-Nov-94 08:49:37 GMT", 10),
            ("Sun Nov  6 08:49:37 1994", 10),  // the three forms
            ("Sun, 06 Nov 1994 08:49:27 GMT", 0), ("Sun, 06 Nov 1994 08:49:26 GMT", 0),  // now, and gone
            ("Mon, 07 Nov 1994 08:49:26 GMT", 86_399), ("Mon, 07 Nov 1994 08:49:28 GMT", 86_400),
            ("Saturday, 06-Nov-93 08:49:37 GMT", 0), ("Sunday, 06-Nov-50 08:49:37 GMT", 0),  // 1950: 2050 is too far
            ("Friday, 06-Nov-20 08:49:37 GMT", 86_400),  // 2020
            ("", nil), ("-1", nil), ("+1", nil), ("1.5", nil), ("1 2", nil), ("1, 2", nil), ("soon", nil),
            ("0x10", nil),
            ("\u{661}", nil),  // a digit, and not ours
            ("Sun, 06 Nov 1994 08:49:37", nil), ("Sun, 06 Nov 1994 08:49:37 CET", nil),
            ("Sun, 31 Nov 1994 08:49:37 GMT", nil), ("Sun, 06 Foo 1994 08:49:37 GMT", nil),
            ("Sun, 06 Nov 1994 24:49:37 GMT", nil), ("Sun, 06 Nov 1994 08:60:37 GMT", nil),
            ("Sun, 06 Nov 1994 08:49 GMT", nil), ("Sun, 06 Nov 99999 08:49:37 GMT", nil),
            ("Sun, -6 Nov 1994 08:49:37 GMT", nil), ("Sunday, 06-Nov-1994 08:49:37 GMT", nil),
            ("Sun Nov  6 08:49:37 94", nil), ("Sun Nov", nil), ("GMT", nil), (", , , , , GMT", nil),
        ] as [(String, Int?)])
    func value(text: String, seconds: Int?) {
        #expect(RetryAfter.seconds(text, at: Self.example - 10) == seconds)
    }

    @Test("No number of today traps")
    func anyNow() {
        for now in [Int.min, -1, 0, Int.max] {
            for date in [
                "Sun, 06 Nov 0000 08:49:37 GMT", "Fri, 31 Dec 9999 23:59:60 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
            ] {
                let seconds = RetryAfter.seconds(date, at: now)
                #expect(seconds.map { (0...HTTPSResponse.retryAfterLimit).contains($0) } ?? true)
            }
        }
    }
}
