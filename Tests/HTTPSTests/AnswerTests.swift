import Foundation
import Mail
import Testing

@testable import HTTPS

@Suite("HTTPS: answers")
struct AnswerTests {
    @Test("STS-09 STS-13 a GET says what it must, and nothing else")
    func request() async throws {
        let server = try TestServer(presenting: [TestPKI.shared.leaf], TestServer.policy())
        let client = try HTTPSClient()
        let result = await client.get(try .to(server))
        await client.close()
        #expect(
            result
                == .success(
                    HTTPSResponse(status: 200, contentType: "text/plain", body: Array("version: STSv1\n".utf8))))
        let request = try #require(server.requests.first)
        #expect(request.serverName == policyHost)
        #expect(
            request.lines == [
                "GET /.well-known/mta-sts.txt HTTP/1.1", "Host: \(policyHost):\(server.port)", "Accept: */*",
            ])
        server.stop()
    }

    static let answers: [(String, HTTPSResponse, String)] = [
        ok("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", type: nil, "hello", "no media type"),
        ok(
            "HTTP/1.1 200 OK\r\ncontent-type:text/plain; charset=utf-8\r\nContent-Length: 2\r\n\r\nab",
            type: "text/plain; charset=utf-8", "ab", "no case in names, no blank needed"),
        ok(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nab", type: "text/html", "ab",
            "another type is the reader's matter"),
        ok(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n",
            type: "text/plain, text/html", "", "two types are one list"),
        ok(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain;\r\n charset=utf-8\r\nContent-Length: 0\r\n\r\n",
            type: "text/plain; charset=utf-8", "", "a folded line"),
        ok(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", type: nil,
            "abcde", "chunks"),
        ok(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nContent-Type: text/plain\r\n\r\n",
            type: nil, "a", "a trailer is no head"),
        ok("HTTP/1.0 200 OK\r\n\r\nuntil the end", type: nil, "until the end", "HTTP/1.0, ended by close_notify"),
        ok(
            "HTTP/1.1 100 Continue\r\nContent-Type: text/html\r\n\r\nHTTP/1.1 103 Early\r\n\r\n"
                + "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", type: nil, "a", "interim answers do not count"),
        ok("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello world", type: nil, "hello", "Content-Length too short"),
        ok(
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\u{1F}\u{0B}x", type: nil,
            "\u{1F}\u{0B}x", "nothing is decompressed"),
        ok("HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n", type: nil, "", "an empty body"),
        other(201, "HTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\na", "a", "other 2xx have bodies"),
        other(203, "HTTP/1.1 203 Changed\r\nContent-Length: 1\r\n\r\na", "a", "other 2xx have bodies"),
        other(204, "HTTP/1.1 204 No Content\r\n\r\n", "", "no body"),
        other(304, "HTTP/1.1 304 Not Modified\r\n\r\n", "", "never asked for"),
        other(404, "HTTP/1.1 404 Not Found\r\nContent-Length: 999999999\r\n\r\nabc", "", "its body is not read"),
        other(401, "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n", "", "no login"),
        other(101, "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\nx", "", "another protocol is an end"),
        other(503, "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\n\r\n", "", "no second try, the end not waited for"),
    ]

    private static func ok(
        _ text: String, type: String?, _ body: String, _ why: String
    ) -> (String, HTTPSResponse, String) {
        (text, HTTPSResponse(status: 200, contentType: type, body: Array(body.utf8)), why)
    }

    private static func other(
        _ status: Int, _ text: String, _ body: String, _ why: String
    ) -> (String, HTTPSResponse, String) {
        (text, HTTPSResponse(status: status, contentType: nil, body: Array(body.utf8)), why)
    }

    @Test("Answers are handed on with their status", arguments: answers)
    func answer(text: String, expected: HTTPSResponse, why: String) async throws {
        #expect(try await fetch(TestServer.answering(text)) == .success(expected), "\(why)")
    }

    @Test("Answers that come byte by byte are the same", arguments: answers)
    func byteByByte(text: String, expected: HTTPSResponse, why: String) async throws {
        let result = try await fetch { connection in
            for byte in text.utf8 where !connection.send([byte]) { return }
            connection.endProperly()
        }
        #expect(result == .success(expected), "\(why)")
    }

    @Test("STS-11 no redirect is followed", arguments: [300, 301, 302, 303, 307, 308])
    func redirect(status: Int) async throws {
        let here = Gate()
        let server = try TestServer(presenting: [TestPKI.shared.leaf]) { connection in
            here.arrive()
            connection.send(
                "HTTP/1.1 \(status) Elsewhere\r\nLocation: /policy\r\nContent-Length: 0\r\n\r\n")
            connection.waitForEnd()
        }
        let client = try HTTPSClient()
        let result = await client.get(try .to(server))
        await client.close()
        server.waitUntilIdle()
        #expect(result == .success(HTTPSResponse(status: status, contentType: nil, body: [])))
        #expect(server.connections == 1)
        #expect(server.requests.count == 1)
        server.stop()
    }

    @Test("Each fetch has a connection and a full handshake of its own")
    func connections() async throws {
        let server = try TestServer(presenting: [TestPKI.shared.leaf]) { connection in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            // Keeps the connection open for more.
            connection.waitForEnd()
        }
        let client = try HTTPSClient()
        for _ in 0..<3 { #expect(await client.get(try .to(server)).response?.status == 200) }
        #expect(server.connections == 3)
        server.waitUntilIdle()
        await client.close()
        server.stop()
    }

    @Test("The environment names a proxy: it is not used")
    func proxy() async {
        await #expect(processExitsWith: .exitCode(0)) {
            for name in ["https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy", "http_proxy"] {
                setenv(name, "http://127.0.0.1:1", 1)
            }
            let result = try await fetch(TestServer.policy())
            exit(result.text == "version: STSv1\n" ? 0 : 1)
        }
    }
}
