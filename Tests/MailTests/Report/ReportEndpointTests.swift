import Testing

@testable import Mail

@Suite struct ReportEndpointTests {
    @Test(
        "RPTF-23 an https URI is taken apart",
        arguments: [
            ("https://reports.example/v1", "reports.example", 443, "/v1"),
            ("https://reports.example", "reports.example", 443, "/"),  // no path
            ("HTTPS://Reports.Example./A/b", "reports.example", 443, "/A/b"),  // case counts in the path alone
            ("https://reports.example?d=1&e=/", "reports.example", 443, "/?d=1&e=/"),  // a query without a path
            ("https://reports.example/v1?d=%2F#part", "reports.example", 443, "/v1?d=%2F"),  // no fragment in a request
            ("https://reports.example#part", "reports.example", 443, "/"),
            ("https://reports.example/?a#b?c", "reports.example", 443, "/?a"),
            ("https://reports.example:/x", "reports.example", 443, "/x"),  // RFC 3986 §3.2.3
            ("https://reports.example:443/x", "reports.example", 443, "/x"),
            ("https://reports.example:8443/x", "reports.example", 8_443, "/x"),
            ("https://reports.example:1024/x", "reports.example", 1_024, "/x"),
            ("https://reports.example:65535/x", "reports.example", 65_535, "/x"),
            ("https://reports.example:00443/x", "reports.example", 443, "/x"),
            // What would be a line break, decoded, goes as it came.
            ("https://reports.example/%0d%0aX:%20y", "reports.example", 443, "/%0d%0aX:%20y"),
            ("https://reports.example/a@b:25/../[x]", "reports.example", 443, "/a@b:25/../[x]"),  // a path
            ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", 443, "/"),
            ("https://localhost/", "localhost", 443, "/"),  // DNS knows it, or not; addresses are judged
            ("https://1.2.3.4.example/", "1.2.3.4.example", 443, "/"),
        ] as [(String, String, UInt16, String)])
    func good(uri: String, host: String, port: UInt16, path: String) throws {
        let expected = ReportEndpoint(host: try DomainName(host), port: port, path: path)
        #expect(ReportEndpoint.read(uri: uri) == .success(expected))
    }

    @Test(
        "RPTF-23 a URI that nothing may be posted to is refused in words",
        arguments: [
            ("http://reports.example/", "it is no https URI"), ("mailto:a@x", "it is no https URI"),
            ("", "it is no https URI"), ("https:/reports.example", "it is no https URI"),
            ("https:reports.example", "it is no https URI"), (" https://reports.example", "it is no https URI"),
            ("https://", "its host is not the name of a host"), ("https:///x", "its host is not the name of a host"),
            ("https://user@reports.example/", "it names a user"),
            ("https://reports.example:443@127.0.0.1/", "it names a user"),
            ("https://@reports.example/", "it names a user"),
            ("https://127.0.0.1/", "its host is an address"), ("https://127.1/", "its host is an address"),
            ("https://0x7f.1/", "its host is an address"), ("https://0x7F000001/", "its host is an address"),
            ("https://2130706433/", "its host is an address"), ("https://017700000001/", "its host is an address"),
            ("https://192.0.2.1.:8443/", "its host is an address"),
            ("https://[::1]/", "its host is an address"), ("https://[2001:db8::1]:8443/", "its host is an address"),
            ("https://[/", "its host is an address"),
            ("https://::1/", "its host is not the name of a host"),
            ("https://a..b/", "its host is not the name of a host"),
            ("https://-a.example/", "its host is not the name of a host"),
            ("https://a_b.example/", "its host is not the name of a host"),
            ("https://a%2Eexample/", "its host is not the name of a host"),
            ("https://a\\b/", "its host is not the name of a host"),
            ("https://\(String(repeating: "a", count: 64)).example/", "its host is not the name of a host"),
            ("https://reports.example:25/", "its port, 25, is for other services"),
            ("https://reports.example:80/", "its port, 80, is for other services"),
            ("https://reports.example:1023/", "its port, 1023, is for other services"),
            ("https://reports.example:0/", "its port is none"), ("https://reports.example:65536/", "its port is none"),
            ("https://reports.example:99999999999999999999/", "its port is none"),
            ("https://reports.example:-1/", "its port is none"),
            ("https://reports.example:443:443/", "its port is none"),
            ("https://reports.example:x/", "its port is none"),
            ("https://reports.example/a b", "it has characters that no URI has"),
            ("https://reports.example/\r\nX: y", "it has characters that no URI has"),
            ("https://reports.example/\u{E4}", "it has characters that no URI has"),
            ("https://reports.example/\0", "it has characters that no URI has"),
        ])
    func bad(uri: String, words: String) {
        #expect(ReportEndpoint.read(uri: uri) == .failure(ReportEndpointFault(words)))
    }

    @Test("the path has a limit", arguments: [(0, true), (1, false)])
    func limit(beyond: Int, isGood: Bool) {
        let path = "/" + String(repeating: "a", count: ReportEndpoint.pathLimit - 1 + beyond)
        let result = ReportEndpoint.read(uri: "https://reports.example\(path)#\(path)")
        #expect((try? result.get())?.path == (isGood ? path : nil))
    }

    @Test("every https URI of a record is read or refused, and a host that is taken is never an address")
    func records() {
        var random = SystemRandomNumberGenerator()
        let pieces = [
            "https://", "a", ".", ":", "443", "@", "[", "]", "/", "?", "#", "%41", "0x", "127", "example", "-",
        ]
        for _ in 0..<20_000 {
            let uri =
                "https://"
                + (0..<Int.random(in: 0...8, using: &random)).map { _ in pieces.randomElement() ?? "" }.joined()
            guard case .success(let endpoint) = ReportEndpoint.read(uri: uri) else { continue }
            #expect(IPAddress(endpoint.host.text) == nil, "\(uri)")
            #expect(endpoint.path.hasPrefix("/") && !endpoint.path.contains("#"), "\(uri)")
            #expect(endpoint.port == 443 || endpoint.port >= 1_024, "\(uri)")
        }
    }
}
