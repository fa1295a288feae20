import CCurl
import Foundation
import Mail
import Net
import Testing

@testable import HTTPS

@Suite("HTTPS: faults of servers")
struct FaultTests {
    @Test(
        "What is not HTTP/1.1, or ends too early, is no answer",
        arguments: [
            ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", "Content-Length too long"),
            ("", "nothing"),
            ("220 mail.example ESMTP\r\n", "another protocol"),
            ("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n", "half a head"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "a chunk without a size"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\na", "a size beyond all"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "half a chunk"),
            ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nhello", "a negative length"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", "compressed unasked"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc", "compressed unasked"),
        ])
    func malformed(text: String, why: String) async throws {
        let result = try await fetch(TestServer.answering(text))
        #expect(result.failure?.kind == .protocolError, "\(why): \(result)")
    }

    @Test("A body that ends with its connection needs close_notify: else anybody could cut it")
    func truncated() async throws {
        let result = try await fetch { $0.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nmode: no") }
        #expect(result.failure?.kind == .protocolError, "\(result)")
    }

    // MARK: Size

    @Test("STS-14 the body is counted as it is read", arguments: [true, false], [99, 100, 101])
    func size(isChunked: Bool, octets: Int) async throws {
        let body = String(repeating: "x", count: octets)
        let text =
            isChunked
            ? "Transfer-Encoding: chunked\r\n\r\n\(String(octets, radix: 16))\r\n\(body)\r\n0\r\n\r\n"
            : "Content-Length: \(octets)\r\n\r\n\(body)"
        let result = try await fetch(bodyLimit: 100, TestServer.answering("HTTP/1.1 200 OK\r\n" + text))
        if octets <= 100 {
            #expect(result.text == body)
        } else {
            #expect(result.failure?.kind == .tooLarge)
        }
    }

    @Test("STS-14 a body without an end is broken off at the limit")
    func endlessBody() async throws {
        let sent = Gate()
        let result = try await fetch { connection in
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            let chunk = Array("1000\r\n".utf8) + [UInt8](repeating: 0x61, count: 4_096) + Array("\r\n".utf8)
            while connection.send(chunk) {}
            sent.arrive()
        }
        #expect(result.failure?.kind == .tooLarge)
        // The server noticed: the connection is gone.
        await sent.wait(for: 1)
    }

    @Test("A head of 64 KiB is read, one octet more is not", arguments: [(65_536, true), (65_537, false)])
    func headSize(octets: Int, isAccepted: Bool) async throws {
        let start = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
        var head = start
        while octets - head.utf8.count - 2 > 1_004 { head += "X: \(String(repeating: "y", count: 995))\r\n" }
        head += "X: \(String(repeating: "y", count: octets - head.utf8.count - 2 - 5))\r\n\r\n"
        #expect(head.utf8.count == octets)
        let result = try await fetch(TestServer.answering(head))
        #expect(result.failure?.kind == (isAccepted ? nil : .tooManyHeaders), "\(result)")
    }

    @Test("A trailer counts as head too")
    func trailer() async throws {
        let result = try await fetch { connection in
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n")
            while connection.send("X: \(String(repeating: "y", count: 995))\r\n") {}
        }
        #expect(result.failure?.kind == .tooManyHeaders, "\(result)")
    }

    @Test(
        "Heads without an end are broken off",
        arguments: [
            ("HTTP/1.1 200 OK\r\n", "X: \(String(repeating: "y", count: 995))\r\n", "fields"),
            ("HTTP/1.1 200 OK\r\n", "X:\r\n", "short fields"),
            ("", "HTTP/1.1 100 Continue\r\n\r\n", "interim answers"),
            ("HTTP/1.1 200 OK\r\nX: ", String(repeating: "y", count: 16_384), "one line"),
        ])
    func endlessHead(start: String, piece: String, why: String) async throws {
        let result = try await fetch { connection in
            connection.send(start)
            let pieces = Array(String(repeating: piece, count: max(1, 4_096 / piece.utf8.count)).utf8)
            while connection.send(pieces) {}
        }
        #expect(result.failure?.kind == .tooManyHeaders, "\(why): \(result)")
    }

    @Test("One header line of 1 MB is broken off")
    func longLine() async throws {
        let result = try await fetch(
            TestServer.answering("HTTP/1.1 200 OK\r\nX: \(String(repeating: "y", count: 1_000_000))\r\n\r\n"))
        #expect(result.failure?.kind == .tooManyHeaders, "\(result)")
    }

    // MARK: Time

    @Test("STS-14 a body of one octet at a time ends at the deadline")
    func slowBody() async throws {
        let result = try await fetch(timeout: .milliseconds(400)) { connection in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while connection.send("x") { usleep(20_000) }
        }
        #expect(result.failure?.kind == .timedOut)
    }

    @Test("STS-14 silence ends at the deadline", arguments: ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\n\r\nab"])
    func silence(text: String) async throws {
        let result = try await fetch(timeout: .milliseconds(300)) { connection in
            connection.send(text)
            connection.waitForEnd()
        }
        #expect(result.failure?.kind == .timedOut)
    }

    @Test("A server that does not answer the handshake ends at the deadline")
    func silentHandshake() async throws {
        let server = try TestServer(presenting: [TestPKI.shared.leaf], speaksTLS: false) { _ in }
        let client = try HTTPSClient()
        let result = await client.get(try .to(server, timeout: .milliseconds(300)))
        #expect(result.failure?.kind == .timedOut)
        await client.close()
        server.stop()
    }

    // MARK: Connecting

    @Test("Without an address nothing is looked up")
    func noAddress() async throws {
        let client = try HTTPSClient()
        let request = HTTPSRequest(
            host: try DomainName("localhost"), path: "/", addresses: [], bodyLimit: 1, timeout: .seconds(5))
        #expect(await client.get(request).failure?.kind == .connect)
        await client.close()
    }

    @Test("SEC-01 only the request's addresses are connected to, whatever the system says of the name")
    func otherAddress() async throws {
        let server = try TestServer(presenting: [TestPKI.shared.leaf], TestServer.policy())
        let client = try HTTPSClient()
        // The system knows localhost, and a server is there.
        let elsewhere = try HTTPSRequest.to(server, host: "localhost", addresses: [.v4(0x7F00_0009)])
        #expect(await client.get(elsewhere).failure?.kind == .connect)
        #expect(server.connections == 0)
        let here = try HTTPSRequest.to(server, host: "localhost")
        #expect(await client.get(here).response?.status == 200)
        // What an earlier fetch was told of the name is forgotten.
        #expect(await client.get(elsewhere).failure?.kind == .connect)
        #expect(server.connections == 1)
        await client.close()
        server.stop()
    }

    @Test("SEC-01 two fetches for one name at once keep to their own addresses")
    func ownAddresses() async throws {
        let arrived = Gate()
        let release = Gate()
        let server = try TestServer(presenting: [TestPKI.shared.leaf]) { connection in
            arrived.arrive()
            release.block(until: 1)
            TestServer.policy()(connection)
        }
        let client = try HTTPSClient()
        let request = try HTTPSRequest.to(server)
        let first = Task { await client.get(request) }
        await arrived.wait(for: 1)
        #expect(await client.get(try .to(server, addresses: [.v4(0x7F00_0009)])).failure?.kind == .connect)
        release.arrive()
        #expect(await first.value.response?.status == 200)
        await client.close()
        server.stop()
    }

    @Test("SEC-01 where libcurl would look a name up, or go elsewhere, it is stopped", arguments: [true, false])
    func guarded(looksUp: Bool) throws {
        let server = try TestServer(presenting: [TestPKI.shared.leaf], TestServer.policy())
        let request = try HTTPSRequest.to(server, addresses: [looksUp ? loopback : .v4(0x7F00_0009)])
        let transfer = try Transfer(request, until: .after(.seconds(20)))
        // What no request can say: another name, or another place for the name.
        let list = curl_slist_append(nil, "\(policyHost):\(server.port):127.0.0.1")
        defer { curl_slist_free_all(list) }
        if looksUp {
            _ = shim_curl_easy_setopt_string(transfer.pointer, CURLOPT_URL, "https://localhost:\(server.port)/")
        } else {
            _ = shim_curl_easy_setopt_pointer(transfer.pointer, CURLOPT_RESOLVE, list)
        }
        let code = curl_easy_perform(transfer.pointer)
        #expect(code == (looksUp ? CURLE_COULDNT_RESOLVE_HOST : CURLE_COULDNT_CONNECT))
        #expect(server.connections == 0)
        server.stop()
    }

    @Test(
        "A dead address is passed over", arguments: [[.v4(0x7F00_0009), loopback], [.v6(high: 0, low: 1), loopback]])
    func deadAddress(addresses: [IPAddress]) async throws {
        let server = try TestServer(presenting: [TestPKI.shared.leaf], TestServer.policy())
        let client = try HTTPSClient()
        #expect(await client.get(try .to(server, addresses: addresses)).response?.status == 200)
        await client.close()
        server.stop()
    }

    @Test("An IPv6 address is connected to")
    func ipv6() async throws {
        // Machines without IPv6 have no ::1.
        guard let server = try? TestServer(presenting: [TestPKI.shared.leaf], address: "::1", TestServer.policy())
        else { return }
        let client = try HTTPSClient()
        #expect(await client.get(try .to(server, addresses: [.v6(high: 0, low: 1)])).response?.status == 200)
        await client.close()
        server.stop()
    }

    @Test(
        "Requests that cannot be made are refused before anything is sent",
        arguments: [
            ("127.1", "/", 443, 1, HTTPSFailure.Kind.ours, "libcurl reads it as an address"),
            ("0x7f000001", "/", 443, 1, .ours, "libcurl reads it as an address"),
            ("example.com", "policy", 443, 1, .ours, "a path begins with a slash"),
            ("example.com", "/a b", 443, 1, .ours, "a blank"),
            ("example.com", "/a\r\nX: y", 443, 1, .ours, "a line end"),
            ("example.com", "/ü", 443, 1, .ours, "not ASCII"),
            ("example.com", "/a#b", 443, 1, .ours, "a fragment"),
            ("example.com", "/" + String(repeating: "a", count: 2_048), 443, 1, .ours, "one octet too long"),
            ("example.com", "/", 0, 1, .ours, "no port"),
            ("example.com", "/", 443, 0, .timedOut, "no time"),
        ])
    func refused(host: String, path: String, port: UInt16, seconds: Int, kind: HTTPSFailure.Kind, why: String) throws {
        let request = HTTPSRequest(
            host: try DomainName(host), path: path, port: port, addresses: [loopback], bodyLimit: 1,
            timeout: .seconds(seconds))
        #expect(request.fault?.kind == kind, "\(why)")
        let longest = HTTPSRequest(
            host: try DomainName("example.com"), path: "/" + String(repeating: "a", count: 2_047),
            addresses: [loopback], bodyLimit: 1, timeout: .seconds(1))
        #expect(longest.fault == nil)
    }

    @Test("Words are one line of printable ASCII, bounded")
    func words() {
        let words = HTTPSFailure.safe("a\r\n\u{1B}ü" + String(repeating: "x", count: 1_000))
        #expect(words.hasPrefix("a?????x"))
        #expect(words.utf8.count == HTTPSFailure.wordsLimit)
    }
}
