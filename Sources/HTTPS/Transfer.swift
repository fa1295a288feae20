import CCurl
import COpenSSL
import Glibc
import Mail
import Net

/// One request under way: an easy handle and what its callbacks gathered. Lives on the engine's thread.
final class Transfer {
    /// Why a callback ended the transfer.
    private enum Stop {
        /// All that was wanted has come.
        case enough
        case failed(HTTPSFailure)
    }

    let request: HTTPSRequest
    private let handle: EasyHandle
    private var head = ResponseHead()
    private var body: [UInt8] = []
    /// What is to be sent, and how much of it libcurl has taken.
    private let post: [UInt8]?
    private var sent = 0
    /// Octets of a body that was not kept.
    private var dropped = 0
    private var stop: Stop?
    private let closeNotice = CloseNotice()

    /// The easy handle, for the multi handle. The transfer must leave that before it is released.
    var pointer: UnsafeMutableRawPointer { handle.pointer }

    init(_ request: HTTPSRequest, until end: Deadline) throws(HTTPSFailure) {
        self.request = request
        if case .post(let body, _) = request.method { post = body } else { post = nil }
        handle = try EasyHandle()
        try handle.apply(request, until: end)
        try install()
    }

    // MARK: What libcurl calls

    /// Callbacks find this object, which owns the handle they are called by, and so outlives it.
    private func install() throws(HTTPSFailure) {
        let this = Unmanaged.passUnretained(self).toOpaque()
        for option in [
            CURLOPT_WRITEDATA, CURLOPT_READDATA, CURLOPT_HEADERDATA, CURLOPT_SSL_CTX_DATA, CURLOPT_OPENSOCKETDATA,
        ] {
            try handle.set(option, this)
        }
        let pointer = handle.pointer
        // CURLOPT_WRITEFUNCTION(3), and the same for headers:
        // > If that amount differs from the amount passed to your callback function, it'll signal an error condition to
        // > the library.
        try handle.check(
            CURLOPT_WRITEFUNCTION,
            shim_curl_easy_setopt_write(pointer, CURLOPT_WRITEFUNCTION) { octets, size, count, this in
                Transfer.found(by: this)?.tookBody(UnsafeRawBufferPointer(start: octets, count: size &* count)) ?? 0
            })
        try handle.check(
            CURLOPT_HEADERFUNCTION,
            shim_curl_easy_setopt_write(pointer, CURLOPT_HEADERFUNCTION) { octets, size, count, this in
                Transfer.found(by: this)?.tookHeader(UnsafeRawBufferPointer(start: octets, count: size &* count)) ?? 0
            })
        try handle.check(
            CURLOPT_READFUNCTION,
            shim_curl_easy_setopt_read(pointer) { room, size, count, this in
                Transfer.found(by: this)?.send(into: UnsafeMutableRawBufferPointer(start: room, count: size &* count))
                    ?? Int(CURL_READFUNC_ABORT)
            })
        try handle.check(
            CURLOPT_SSL_CTX_FUNCTION,
            shim_curl_easy_setopt_ssl_context(pointer) { _, context, this in
                guard let context, let transfer = Transfer.found(by: this) else { return CURLE_ABORTED_BY_CALLBACK }
                return transfer.prepareTLS(OpaquePointer(context)) ? CURLE_OK : CURLE_ABORTED_BY_CALLBACK
            })
        try handle.check(
            CURLOPT_OPENSOCKETFUNCTION,
            shim_curl_easy_setopt_open_socket(pointer) { this, _, address in
                guard let address, let transfer = Transfer.found(by: this) else { return -1 }
                return transfer.openSocket(address)
            })
        // Called where libcurl has no address for the host: it must not look for one itself (SEC-01).
        try handle.check(
            CURLOPT_RESOLVER_START_FUNCTION, shim_curl_easy_setopt_resolver_start(pointer) { _, _, _ in 1 })
    }

    private static func found(by data: UnsafeMutableRawPointer?) -> Transfer? {
        data.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
    }

    private func prepareTLS(_ context: OpaquePointer) -> Bool {
        TLSRules.apply(to: context, host: request.host) && closeNotice.watch(context)
    }

    /// Fills the room with what is next of the body.
    private func send(into room: UnsafeMutableRawBufferPointer) -> Int {
        guard let post else { return Int(CURL_READFUNC_ABORT) }
        let end = sent + min(room.count, post.count - sent)
        post.withUnsafeBytes { room.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[sent..<end])) }
        defer { sent = end }
        return end - sent
    }

    /// Whether all of the body went out, and not just into libcurl's buffer: a connection that is broken off takes what is
    /// in there with it.
    private var isSent: Bool { post.map { handle.number(CURLINFO_SIZE_UPLOAD_T) >= $0.count } ?? true }

    private func tookBody(_ octets: UnsafeRawBufferPointer) -> Int {
        if post != nil {
            dropped = dropped &+ octets.count
            // Broken off only once all is sent: the answer came first, and the server still reads.
            if dropped <= request.bodyLimit || !isSent { return octets.count }
            stop = .enough
            return 0
        }
        if body.count &+ octets.count > request.bodyLimit {
            stop = .failed(
                HTTPSFailure(.tooLarge, "the body has more than \(request.bodyLimit) octets"))
            // Differs from the count, which is not 0 here.
            return 0
        }
        body.append(contentsOf: octets)
        return octets.count
    }

    private func tookHeader(_ line: UnsafeRawBufferPointer) -> Int {
        let status = handle.number(CURLINFO_RESPONSE_CODE)
        switch head.take(line, status: status) {
        case .goOn:
            return line.count
        case .ended:
            // The body of a refusal is not wanted, and need not be waited for; nor is that of the answer to a POST.
            if (200..<300).contains(status) && (post == nil || request.bodyLimit > 0 || !isSent) { return line.count }
            stop = .enough
        case .tooMuch where post != nil && head.hasEnded:
            stop = .enough
        case .refused where post != nil:
            // Of a body that nobody reads.
            return line.count
        case .tooMuch:
            stop = .failed(.tooManyHeaders)
        case .refused(let words):
            stop = .failed(HTTPSFailure(.protocolError, words))
        }
        return 0
    }

    /// Nothing but the request's addresses is connected to; and the socket must not pass to children of this process,
    /// which libcurl's own would.
    private func openSocket(_ address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
        let family = address.pointee.family
        guard let offset = MemoryLayout<curl_sockaddr>.offset(of: \.addr) else { return -1 }
        let raw = UnsafeRawPointer(address) + offset
        let length = Int(address.pointee.addrlen)
        let octets: [UInt8]
        switch family {
        case AF_INET where length >= MemoryLayout<sockaddr_in>.size:
            octets = withUnsafeBytes(of: raw.loadUnaligned(as: sockaddr_in.self).sin_addr) { Array($0) }
        case AF_INET6 where length >= MemoryLayout<sockaddr_in6>.size:
            octets = withUnsafeBytes(of: raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr) { Array($0) }
        default:
            return -1
        }
        guard let asked = IPAddress(octets: octets), request.addresses.contains(asked) else { return -1 }
        return socket(family, address.pointee.socktype | CInt(SOCK_CLOEXEC.rawValue), address.pointee.protocol)
    }

    // MARK: The end

    /// What came of it; once libcurl has said that it is over.
    func result(_ code: CURLcode) -> Result<HTTPSResponse, HTTPSFailure> {
        switch stop {
        case .failed(let failure):
            return .failure(failure)
        case .enough:
            break
        case nil where post != nil && head.hasEnded:
            // However its body ends: nobody reads it.
            break
        case nil where code != CURLE_OK:
            return .failure(
                HTTPSFailure(
                    code, verification: handle.number(CURLINFO_SSL_VERIFYRESULT), said: handle.failureText,
                    host: request.host, isInHead: !head.hasEnded))
        case nil where !head.hasEnded:
            // libcurl is content with half a head.
            return .failure(HTTPSFailure(.protocolError, "the connection ended before the head of the answer did"))
        case nil where !head.hasLength && !closeNotice.wasSeen:
            return .failure(HTTPSFailure(.protocolError, "the connection ended without close_notify, in the body"))
        case nil:
            break
        }
        let status = handle.number(CURLINFO_RESPONSE_CODE)
        if (200..<300).contains(status) && !isSent {
            return .failure(HTTPSFailure(.protocolError, "the server was content before it had all of the body"))
        }
        let retryAfter = post == nil ? nil : head.retryAfter.flatMap { RetryAfter.seconds($0, at: time(nil)) }
        return .success(
            HTTPSResponse(status: status, contentType: head.contentType, body: body, retryAfter: retryAfter))
    }
}
