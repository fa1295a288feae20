import Mail

extension HTTPSRequest {
    /// Why this request is not made at all; nil where it may be.
    var fault: HTTPSFailure? {
        if addresses.isEmpty { return HTTPSFailure(.connect, "\(host) has no address") }
        if hasNumericHost { return HTTPSFailure(.ours, "\(host) is not the name of a host") }
        if port == 0 { return HTTPSFailure(.ours, "0 is not a port") }
        if bodyLimit < 0 { return HTTPSFailure(.ours, "the limit of the body is negative") }
        if timeout <= .zero { return HTTPSFailure(.timedOut, "no time was left for the fetch") }
        if let fault = methodFault { return fault }
        let isPath =
            path.utf8.first == UInt8(ascii: "/") && path.utf8.count <= Self.pathLimit
            && path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }
        if !isPath { return HTTPSFailure(.ours, "the path of the URL is malformed") }
        return nil
    }

    private var methodFault: HTTPSFailure? {
        guard case .post(let body, let contentType) = method else {
            return trust == .unverified
                ? HTTPSFailure(.ours, "a fetch without a verified certificate is not made") : nil
        }
        if body.count > Self.postLimit {
            return HTTPSFailure(.ours, "the body has more than \(Self.postLimit) octets")
        }
        let type = contentType.utf8
        let isType =
            type.count <= Self.contentTypeLimit && type.first != 0x20 && type.last != 0x20 && !type.isEmpty
            && type.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
        return isType ? nil : HTTPSFailure(.ours, "the media type of the body is malformed")
    }

    /// libcurl reads `127.1` and `0x7f.1` as IPv4 addresses and would go there, whatever ``addresses`` says.
    private var hasNumericHost: Bool {
        guard let last = host.labels.last?.utf8 else { return true }
        return last.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } || last.starts(with: "0x".utf8)
    }

    var url: String { "https://\(host):\(port)\(path)" }

    /// The value of CURLOPT_RESOLVE: where `host` is.
    var resolveEntry: String {
        let list = addresses.prefix(Self.addressLimit).map { address in
            if case .v6 = address { "[\(address)]" } else { "\(address)" }
        }
        return "\(host):\(port):\(list.joined(separator: ","))"
    }
}
