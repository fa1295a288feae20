import CCurl
import COpenSSL
import Mail

extension HTTPSFailure {
    /// Octets of words; the rest is cut. Ours.
    static let wordsLimit = 300

    static let tooManyHeaders = HTTPSFailure(
        .tooManyHeaders, "the headers have more than \(HTTPSRequest.headerLimit) octets")

    /// libcurl's code as a failure.
    ///
    /// - Parameters:
    ///   - verification: X509_V_ERR_… of the handshake, 0 where it found nothing.
    ///   - said: libcurl's own words.
    ///   - isInHead: the head of the answer was not over.
    init(_ code: CURLcode, verification: Int, said: String, host: DomainName, isInHead: Bool) {
        let words = Self.safe(said.isEmpty ? Curl.text(code) : said)
        switch code {
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS,
            CURLE_SSL_PINNEDPUBKEYNOTMATCH:
            self.init(.certificate, Self.certificateWords(verification, host: host, said: words))
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER, CURLE_USE_SSL_FAILED, CURLE_SSL_CLIENTCERT,
            CURLE_SSL_SHUTDOWN_FAILED:
            self.init(.tls, words)
        case CURLE_COULDNT_CONNECT, CURLE_INTERFACE_FAILED:
            self.init(.connect, words)
        case CURLE_OPERATION_TIMEDOUT:
            self.init(.timedOut, words)
        case CURLE_FILESIZE_EXCEEDED:
            self.init(.tooLarge, words)
        case CURLE_OUT_OF_MEMORY where isInHead:
            // What libcurl calls a line of more than 100 KiB, which its own buffer does not take.
            self = .tooManyHeaders
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING,
            CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_BAD_CONTENT_ENCODING, CURLE_WRITE_ERROR, CURLE_HTTP2,
            CURLE_HTTP2_STREAM, CURLE_HTTP_RETURNED_ERROR, CURLE_AGAIN:
            self.init(.protocolError, words)
        default:
            self.init(.ours, words)
        }
    }

    private static func certificateWords(_ verification: Int, host: DomainName, said: String) -> String {
        guard let code = CInt(exactly: verification) else { return said }
        switch code {
        case X509_V_OK, X509_V_ERR_HOSTNAME_MISMATCH:
            // 0: libcurl's own check of the name.
            return "the certificate is not for \(host)"
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return "the certificate of \(host) has expired"
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return "the certificate of \(host) is not yet valid"
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            return "the certificate of \(host) is self-signed"
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            return "the certificate of \(host) comes from no trusted issuer"
        default:
            let text = X509_verify_cert_error_string(verification).map { String(cString: $0) } ?? "error \(code)"
            return "the certificate of \(host) was not accepted: \(safe(text))"
        }
    }

    /// Printable ASCII, one line, bounded: libcurl quotes what servers say.
    static func safe(_ text: String) -> String {
        String(decoding: text.utf8.prefix(wordsLimit).map { $0 >= 0x20 && $0 < 0x7F ? $0 : 0x3F }, as: UTF8.self)
    }
}
