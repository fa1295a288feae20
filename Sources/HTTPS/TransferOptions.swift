import CCurl
import COpenSSL
import Mail
import Net

extension EasyHandle {
    /// All that a transfer may and may not do. What libcurl does not do by itself is said too where it would be grave.
    func apply(_ request: HTTPSRequest, until end: Deadline) throws(HTTPSFailure) {
        try set(CURLOPT_NOSIGNAL, 1)
        try set(CURLOPT_PROTOCOLS_STR, "https")
        try set(CURLOPT_URL, request.url)
        try set(CURLOPT_PATH_AS_IS, 1)
        try apply(request.method)
        try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        try set(CURLOPT_HTTP09_ALLOWED, 0)
        // Nor is a POST carried elsewhere: the address would be one that nobody has judged.
        // RFC 8461 §3.3: "HTTP 3xx redirects MUST NOT be followed" (STS-11).
        try set(CURLOPT_FOLLOWLOCATION, 0)
        // Not nil: that means the proxy that the environment names.
        try set(CURLOPT_PROXY, "")
        try set(CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue))
        try set(CURLOPT_ACCEPT_ENCODING, nil as String?)
        try set(CURLOPT_HTTP_CONTENT_DECODING, 0)
        try setResolve(request.resolveEntry)

        // A connection, a handshake and a verification of its own for each transfer.
        try set(CURLOPT_FRESH_CONNECT, 1)
        try set(CURLOPT_FORBID_REUSE, 1)
        try set(CURLOPT_SSL_SESSIONID_CACHE, 0)

        try set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        try set(CURLOPT_SSL_VERIFYPEER, request.trust == .unverified ? 0 : 1)
        try set(CURLOPT_SSL_VERIFYHOST, request.trust == .unverified ? 0 : 2)
        // libcurl else takes any certificate of the file for an anchor.
        try set(CURLOPT_SSL_OPTIONS, Int(CURLSSLOPT_NO_PARTIALCHAIN))
        try apply(request.trust)

        let left = Self.milliseconds(end.remaining ?? request.timeout)
        try set(CURLOPT_TIMEOUT_MS, left)
        try set(CURLOPT_CONNECTTIMEOUT_MS, min(left, Self.milliseconds(HTTPSRequest.connectTimeout)))
    }

    private func apply(_ method: HTTPSRequest.Method) throws(HTTPSFailure) {
        switch method {
        case .get:
            try set(CURLOPT_HTTPGET, 1)
        case .post(let body, let contentType):
            try set(CURLOPT_POST, 1)
            // The octets come from the transfer's read callback; with their number known there are no chunks.
            try set(CURLOPT_POSTFIELDSIZE, body.count)
            try addField("Content-Type: \(contentType)")
            // libcurl else asks before it sends more than 1 MiB, and waits for a second where nobody answers.
            try addField("Expect:")
        }
    }

    /// Seconds for which libcurl may use anchors that it has read. Reading the system's takes some 16 ms of processor time.
    static let anchorsAge = 3_600

    private func apply(_ trust: HTTPSRequest.Trust) throws(HTTPSFailure) {
        switch trust {
        case .system:
            // A folder beside the file would keep libcurl from remembering what it read.
            guard let file = HTTPSClient.systemAnchors else { break }
            try set(CURLOPT_CAINFO, file)
            try set(CURLOPT_CAPATH, nil as String?)
        case .file(let path):
            try set(CURLOPT_CAINFO, path)
            try set(CURLOPT_CAPATH, nil as String?)
        case .unverified:
            break
        }
        try set(CURLOPT_CA_CACHE_TIMEOUT, Self.anchorsAge)
    }

    /// At least 1, because 0 is "no limit" for libcurl; rounded up.
    private static func milliseconds(_ duration: Duration) -> Int {
        let (seconds, attoseconds) = duration.components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
        let whole = overflow ? Int64.max / 2 : product
        return Int(clamping: min(max(1, whole &+ attoseconds / 1_000_000_000_000_000 &+ 1), Int64(Int32.max)))
    }
}

/// What TLS demands beyond libcurl's own options.
enum TLSRules {
    /// Forward secrecy, AEAD first (TLS-02; RFC 9325 §4); in TLS 1.3 there is nothing to refuse.
    static let ciphers =
        "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:ECDHE+AES:DHE+AES"
        + ":!aNULL:!eNULL:!kRSA:!PSK:!SRP:!DSS:!3DES:!RC4:!MD5"

    /// Sets them on the `SSL_CTX` that libcurl has made for `host`; false where OpenSSL refuses.
    static func apply(to context: OpaquePointer, host: DomainName) -> Bool {
        // Read until the end of the connection, a body must end by close_notify: else anybody could cut it.
        SSL_CTX_clear_options(context, shim_options_cleared)
        SSL_CTX_set_options(context, shim_options)
        // 112 bits.
        SSL_CTX_set_security_level(context, 2)
        guard SSL_CTX_set_cipher_list(context, ciphers) == 1, let parameters = SSL_CTX_get0_param(context) else {
            return false
        }
        // RFC 8461 §3.3: DNS-ID alone, and a wildcard only as the complete leftmost label (STS-12). libcurl's own check,
        // which comes after this one, would take a common name where there is no DNS-ID.
        X509_VERIFY_PARAM_set_hostflags(
            parameters, UInt32(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        return X509_VERIFY_PARAM_set1_host(parameters, host.text, 0) == 1
    }
}
