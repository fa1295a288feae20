import COpenSSL
import Foundation

/// A TLS server on loopback that does what a script says: one thread for each connection, blocking calls.
final class TestServer: @unchecked Sendable {
    // @unchecked Sendable because the stored variables are only touched between `lock` and `unlock` of `condition`.

    typealias Script = @Sendable (TestConnection) -> Void

    let port: UInt16
    private let listener: CInt
    private let context: OpaquePointer
    private let script: Script
    private let condition = NSCondition()
    private var open: Set<CInt> = []
    private var threads = 0
    private var stopped = false
    private var connectionsSeen = 0
    private var handshakesSeen = 0
    private var requestsSeen: [TestRequest] = []

    /// - Parameters:
    ///   - chain: leaf first.
    ///   - speaksTLS: false for a server that accepts and says nothing; the script is not run.
    init(
        presenting chain: [TestCertificate], address: String = "127.0.0.1", maximumVersion: CInt = 0,
        speaksTLS: Bool = true, _ script: @escaping Script
    ) throws {
        signal(SIGPIPE, SIG_IGN)
        self.script = script
        context = try Self.context(chain, maximumVersion)
        (listener, port) = try Self.listen(address)
        condition.lock()
        threads += 1
        condition.unlock()
        Thread { [self] in acceptAll(speaksTLS: speaksTLS) }.start()
    }

    private static func context(_ chain: [TestCertificate], _ maximumVersion: CInt) throws -> OpaquePointer {
        let context = try made("SSL_CTX_new", SSL_CTX_new(TLS_server_method()))
        if maximumVersion != 0 {
            SSL_CTX_set_security_level(context, 0)
            SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0")
            _ = shim_SSL_CTX_set_min_proto_version(context, TLS1_VERSION)
        }
        _ = shim_SSL_CTX_set_max_proto_version(context, maximumVersion)
        guard let leaf = chain.first, SSL_CTX_use_certificate(context, leaf.certificate) == 1,
            SSL_CTX_use_PrivateKey(context, leaf.key) == 1
        else { throw SetUpFailure(what: "SSL_CTX_use_certificate") }
        for further in chain.dropFirst() {
            X509_up_ref(further.certificate)
            SSL_CTX_ctrl(context, SSL_CTRL_EXTRA_CHAIN_CERT, 0, UnsafeMutableRawPointer(further.certificate))
        }
        return context
    }

    private static func listen(_ text: String) throws -> (CInt, UInt16) {
        let isIPv6 = text.contains(":")
        let descriptor = socket(
            isIPv6 ? AF_INET6 : AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var four = sockaddr_in()
        four.sin_family = sa_family_t(AF_INET)
        var six = sockaddr_in6()
        six.sin6_family = sa_family_t(AF_INET6)
        let isRead =
            isIPv6 ? inet_pton(AF_INET6, text, &six.sin6_addr) : inet_pton(AF_INET, text, &four.sin_addr)
        guard isRead == 1 else { throw SetUpFailure(what: text) }
        func asAddress<T>(_ value: inout T, _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> CInt) -> CInt {
            let size = socklen_t(MemoryLayout<T>.size)
            return withUnsafeMutablePointer(to: &value) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, size) }
            }
        }
        func bindAndName(_ pointer: UnsafeMutablePointer<sockaddr>, _ size: socklen_t) -> CInt {
            var size = size
            if bind(descriptor, pointer, size) != 0 { return -1 }
            if Foundation.listen(descriptor, 1_024) != 0 { return -1 }
            return getsockname(descriptor, pointer, &size)
        }
        guard (isIPv6 ? asAddress(&six, bindAndName) : asAddress(&four, bindAndName)) == 0 else {
            close(descriptor)
            throw SetUpFailure(what: "bind \(text)")
        }
        return (descriptor, UInt16(bigEndian: isIPv6 ? six.sin6_port : four.sin_port))
    }

    private func acceptAll(speaksTLS: Bool) {
        while true {
            let descriptor = accept(listener, nil, nil)
            condition.lock()
            if stopped {
                if descriptor >= 0 { close(descriptor) }
                threadEnded()
                condition.unlock()
                return
            }
            if descriptor < 0 {
                // That connection failed, or descriptors are short for the moment: the next one will do.
                condition.unlock()
                usleep(1_000)
                continue
            }
            connectionsSeen += 1
            open.insert(descriptor)
            threads += 1
            condition.broadcast()
            condition.unlock()
            Thread { [self] in serve(descriptor, speaksTLS: speaksTLS) }.start()
        }
    }

    /// With the lock.
    private func threadEnded() {
        threads -= 1
        condition.broadcast()
    }

    private func serve(_ descriptor: CInt, speaksTLS: Bool) {
        if let ssl = SSL_new(context) {
            SSL_set_fd(ssl, descriptor)
            if !speaksTLS {
                var byte: UInt8 = 0
                while read(descriptor, &byte, 1) > 0 {}
            } else if SSL_accept(ssl) == 1 {
                condition.lock()
                handshakesSeen += 1
                condition.unlock()
                let connection = TestConnection(ssl)
                if let request = connection.readRequest() {
                    condition.lock()
                    requestsSeen.append(request)
                    condition.broadcast()
                    condition.unlock()
                    script(connection)
                }
            }
            SSL_free(ssl)
            ERR_clear_error()
        }
        condition.lock()
        open.remove(descriptor)
        close(descriptor)
        threadEnded()
        condition.unlock()
    }

    var connections: Int { locked { connectionsSeen } }
    var handshakes: Int { locked { handshakesSeen } }
    var requests: [TestRequest] { locked { requestsSeen } }

    private func locked<Value>(_ body: () -> Value) -> Value {
        condition.lock()
        defer { condition.unlock() }
        return body()
    }

    /// Waits until the script of each connection is over by itself: clients have closed theirs. Blocks.
    func waitUntilIdle() {
        condition.lock()
        while threads > 1 { condition.wait() }
        condition.unlock()
    }

    /// Ends all connections and threads. Blocks.
    func stop() {
        condition.lock()
        stopped = true
        shutdown(listener, CInt(SHUT_RDWR))
        for descriptor in open { shutdown(descriptor, CInt(SHUT_RDWR)) }
        while threads > 0 { condition.wait() }
        condition.unlock()
        close(listener)
        SSL_CTX_free(context)
    }
}

/// What a client asked.
struct TestRequest: Sendable {
    /// Lines without line ends: request line first.
    let lines: [String]
    let serverName: String?

    func value(_ name: String) -> String? {
        lines.first { $0.lowercased().hasPrefix("\(name):") }
            .map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) }
    }
}

/// The server's end of one connection, after the handshake.
final class TestConnection {
    private let ssl: OpaquePointer
    /// What was asked, once it is read.
    private(set) var request: TestRequest?

    init(_ ssl: OpaquePointer) {
        self.ssl = ssl
    }

    /// Nil where the client went first.
    func readRequest() -> TestRequest? {
        var octets: [UInt8] = []
        var byte: UInt8 = 0
        while SSL_read(ssl, &byte, 1) == 1 {
            octets.append(byte)
            if octets.suffix(4) == [13, 10, 13, 10] {
                let text = String(decoding: octets.dropLast(4), as: UTF8.self)
                request = TestRequest(
                    lines: text.components(separatedBy: "\r\n"),
                    serverName: SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map { String(cString: $0) })
                return request
            }
        }
        return nil
    }

    /// As much of the request's body as its Content-Length says, or as `most` allows; less where the client has gone.
    func readBody(atMost most: Int = .max, step: Int = 16_384) -> [UInt8] {
        let length = min(most, request?.value("content-length").flatMap { Int($0) } ?? 0)
        var octets: [UInt8] = []
        var room = [UInt8](repeating: 0, count: step)
        while octets.count < length {
            let count = SSL_read(ssl, &room, CInt(min(step, length - octets.count)))
            if count <= 0 { break }
            octets += room[..<Int(count)]
        }
        return octets
    }

    /// False where the client has gone.
    @discardableResult
    func send(_ octets: [UInt8]) -> Bool {
        octets.isEmpty || SSL_write(ssl, octets, CInt(octets.count)) > 0
    }

    @discardableResult
    func send(_ text: String) -> Bool {
        send(Array(text.utf8))
    }

    /// close_notify. Without it the connection just ends.
    func endProperly() {
        SSL_shutdown(ssl)
    }

    /// Waits until the client closes.
    func waitForEnd() {
        var byte: UInt8 = 0
        while SSL_read(ssl, &byte, 1) > 0 {}
    }
}

extension TestServer {
    /// A script that answers `text` and ends the connection properly.
    static func answering(_ text: String) -> Script {
        { connection in
            connection.send(text)
            connection.endProperly()
        }
    }

    static func policy(_ body: String = "version: STSv1\n") -> Script {
        answering("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }
}
