import Testing

@testable import Mail

@Suite struct ForeignObservationTests {
    private func read(_ text: String) -> Result<[ReportedSession], ForeignObservationFault> {
        ForeignObservation.read(datagram: Array(text.utf8))
    }

    private func domain(_ text: String) throws -> DomainName { try DomainName(text) }

    /// Spaces and order as the library writes them.
    static let success =
        #"{"dpv": "1","d": "example.com","pr": "v=TLSRPTv1;rua=mailto:tls@example.com","policies":[{"policy-type":2,"#
        + #""policy-domain": "example.com","policy-string":["version: STSv1","mode: enforce","mx: *.Example.com"],"#
        + #""mx-host":["*.Example.com"],"t":0,"f":0}]}"#

    static let failure =
        #"{"dpv": "1","d": "example.com","pr": "v=TLSRPTv1;rua=mailto:tls@example.com","policies":[{"policy-type":1,"#
        + #""policy-domain": "mx.example.com","policy-string":["3 1 1 0123456789ABCDEF"],"failure-details":[{"c":204,"#
        + #""s": "192.0.2.1","n": "mx.example.com","h": "250-mx.example.com Hello\r\n250-PIPELINING\r\n250 SMTPUTF8","#
        + #""r": "2001:DB8:0::1","a": "more \u0001","f": "certificate has expired"}],"t":1,"f":1}]}"#

    @Test("RPTC-06 a success under MTA-STS")
    func sts() throws {
        let policy = ReportedPolicy(
            .sts, domain: try domain("example.com"),
            strings: ["version: STSv1", "mode: enforce", "mx: *.Example.com"], mxHosts: ["*.example.com"])
        #expect(read(Self.success) == .success([ReportedSession(domain: try domain("example.com"), policy: policy)]))
    }

    @Test("RPTC-20 a failure under DANE with all that is known of it")
    func dane() throws {
        let policy = ReportedPolicy(.tlsa, domain: try domain("mx.example.com"), strings: ["3 1 1 0123456789abcdef"])
        let detail = FailureDetail(
            .certificateExpired, reasonCode: "certificate has expired", sendingAddress: IPAddress("192.0.2.1"),
            receivingHost: "mx.example.com", receivingHELO: "mx.example.com", receivingAddress: IPAddress("2001:db8::1")
        )
        let expected = ReportedSession(domain: try domain("example.com"), policy: policy, failures: [detail])
        #expect(read(Self.failure) == .success([expected]))
    }

    @Test("RPTC-19 no policy found: Postfix before 3.10.2 names no policy domain, and it is the recipient's")
    func noPolicy() throws {
        let expected = ReportedSession(
            domain: try domain("example.com"), policy: ReportedPolicy(.noPolicyFound, domain: try domain("example.com"))
        )
        for part in ["", #","policy-domain": """#, #","policy-domain": "Example.COM.""#, #","policy-domain": null"#] {
            let text = #"{"d": "EXAMPLE.com.","pr": "","policies":[{"policy-type":9\#(part),"t":0,"f":0}]}"#
            #expect(read(text) == .success([expected]), "\(part)")
        }
        // Strings of a policy that was not found mean nothing.
        let text = #"{"d":"example.com","policies":[{"policy-type":9,"policy-string":["x"],"mx-host":["y"],"f":0}]}"#
        #expect(read(text) == .success([expected]))
    }

    @Test(
        "RPTC-14 each number has its result type",
        arguments: [
            (201, ResultType.startTLSNotSupported), (202, .certificateHostMismatch), (203, .certificateNotTrusted),
            (204, .certificateExpired), (205, .validationFailure), (301, .stsPolicyFetchError),
            (302, .stsPolicyInvalid),
            (303, .stsWebPKIInvalid), (304, .tlsaInvalid), (305, .dnssecInvalid), (306, .daneRequired),
        ])
    func resultType(code: Int, type: ResultType) throws {
        let result = read(
            #"{"d":"d.example","policies":[{"policy-type":2,"failure-details":[{"c":\#(code)}],"t":1,"f":1}]}"#)
        #expect(try result.get().map(\.failures) == [[FailureDetail(type)]])
        #expect(ForeignObservation.Wire.resultTypes.count == ResultType.allCases.count)
    }

    @Test("RPTC-10 several policies are a session each, and the final result of each counts")
    func several() throws {
        let sessions = try read(
            #"{"d":"d.example","policies":[{"policy-type":1,"failure-details":[{"c":304},{"c":305}],"t":2,"f":1},"#
                + #"{"policy-type":2,"policy-domain":"d.example","failure-details":[{"c":302}],"t":1,"f":0},"#
                + #"{"policy-type":9,"t":0,"f":1}]}"#
        ).get()
        #expect(sessions.map(\.policy.type) == [.tlsa, .sts, .noPolicyFound])
        #expect(
            sessions.map { $0.failures.map(\.type) } == [[.tlsaInvalid, .dnssecInvalid], [], [.validationFailure]])
        // A failure without a detail is still none of the successes.
        #expect(sessions.last?.failures.first?.reasonCode == ForeignObservation.unspecified)
    }

    @Test(
        "what is quoted of strangers is made safe, and what is not known is left out",
        arguments: [
            (#""s":"","n":"","h":"","r":"","f":"""#, FailureDetail(.validationFailure)),  // Postfix has "" for unknown
            (#""s":"unknown","r":"192.0.2.1:25""#, FailureDetail(.validationFailure)),  // no addresses
            (#""s":"::ffff:192.0.2.1""#, FailureDetail(.validationFailure, sendingAddress: .v4(0xC000_0201))),
            (#""n":"MX.Example.""#, FailureDetail(.validationFailure, receivingHost: "mx.example")),
            (#""n":"a b""#, FailureDetail(.validationFailure, receivingHost: "a b")),  // a report may say so
            (#""n":"a\u0000\u0007\u202eb""#, FailureDetail(.validationFailure, receivingHost: "ab")),
            (#""h":"mx.example""#, FailureDetail(.validationFailure, receivingHELO: "mx.example")),
            (#""h":"250 mx.example""#, FailureDetail(.validationFailure, receivingHELO: "mx.example")),
            (
                #""h":"250-  mx.example\u0007 \"x\"\r\n250 b""#,
                FailureDetail(.validationFailure, receivingHELO: "mx.example")
            ),
            (#""h":"250""#, FailureDetail(.validationFailure, receivingHELO: "250")),
            (#""h":"\r\n250 mx""#, FailureDetail(.validationFailure)),
            (#""f":"a\r\nb""#, FailureDetail(.validationFailure, reasonCode: "ab")),
            (#""f":null,"a":["not read"],"new":{"x":[1e99]}"#, FailureDetail(.validationFailure)),
            (
                #""f":"\#(String(repeating: "x", count: 256))""#,
                FailureDetail(.validationFailure, reasonCode: String(repeating: "x", count: 255))
            ),
            (
                // A character is never cut in two.
                #""f":"\#(String(repeating: "\u{E4}", count: 128))""#,
                FailureDetail(.validationFailure, reasonCode: String(repeating: "\u{E4}", count: 127))
            ),
        ] as [(String, FailureDetail)])
    func strangers(fields: String, detail: FailureDetail) throws {
        let result = read(
            #"{"d":"d.example","policies":[{"policy-type":2,"failure-details":[{"c":205,\#(fields)}],"f":1}]}"#)
        #expect(try result.get().first?.failures == [detail])
    }

    @Test("octets that are no UTF-8 do not lose the datagram: the library passes them on")
    func notUTF8() throws {
        let text =
            #"{"d":"d.example","policies":[{"policy-type":2,"failure-details":[{"c":205,"h":"250-a\#u{FF}b"}],"f":1}]}"#
        let octets = text.utf8.flatMap { $0 == 0xC3 ? [] : $0 == 0xBF ? [0xFF] : [$0] }
        #expect(octets.contains(0xFF))
        let sessions = try ForeignObservation.read(datagram: octets).get()
        #expect(sessions.first?.failures.first?.receivingHELO == "a\u{FFFD}b")
    }

    @Test(
        "what is not understood is not counted, and said in words",
        arguments: [
            ("", "it is not the JSON of libtlsrpt"), ("[]", "it is not the JSON of libtlsrpt"),
            ("null", "it is not the JSON of libtlsrpt"),
            ("{", "it is not the JSON of libtlsrpt"), ("{}}", "it is not the JSON of libtlsrpt"),
            (#" {"d":"x"}"#, "it is not the JSON of libtlsrpt"),
            ("{\0\"\0d\0", "it is not the JSON of libtlsrpt"),  // UTF-16
            ("{}", #""d" is missing"#), (#"{"d":"x"}"#, #""policies" is missing"#),
            (#"{"d":1,"policies":[]}"#, #"its "d" is not what it must be"#),
            (#"{"d":null,"policies":[]}"#, #"its "d" is not what it must be"#),
            (#"{"d":"x","policies":{}}"#, #"its "policies" is not what it must be"#),
            (#"{"d":"x","policies":[]}"#, "it has no policies"),
            (#"{"d":"","policies":[{"policy-type":2,"f":0}]}"#, #"its "d" is no domain name"#),
            (#"{"d":"a b","policies":[{"policy-type":2,"f":0}]}"#, #"its "d" is no domain name"#),
            (
                #"{"d":"x","policies":[{"policy-type":1,"policy-domain":"a..b","f":0}]}"#,
                #"its "policy-domain" is no domain name"#
            ),
            (#"{"dpv":"2","d":"x","policies":[{"policy-type":2,"f":0}]}"#, "its protocol version is not 1"),
            (#"{"dpv":1,"d":"x","policies":[{"policy-type":2,"f":0}]}"#, #"its "dpv" is not what it must be"#),
            (#"{"d":"x","policies":[{"f":0}]}"#, #""policy-type" is missing"#),
            (#"{"d":"x","policies":[{"policy-type":"sts","f":0}]}"#, #"its "policy-type" is not what it must be"#),
            (#"{"d":"x","policies":[{"policy-type":3,"f":0}]}"#, "its policy type 3 is unknown"),
            (#"{"d":"x","policies":[{"policy-type":2}]}"#, #""f" is missing"#),
            (#"{"d":"x","policies":[{"policy-type":2,"f":901}]}"#, "its final result 901 is unknown"),
            (#"{"d":"x","policies":[{"policy-type":2,"f":-1}]}"#, "its final result -1 is unknown"),
            (
                #"{"d":"x","policies":[{"policy-type":2,"f":0},{"policy-type":7,"f":0}]}"#,
                "its policy type 7 is unknown"
            ),
            (
                #"{"d":"x","policies":[{"policy-type":2,"failure-details":[{"c":901}],"f":1}]}"#,
                "its failure code 901 is unknown"
            ),
            (#"{"d":"x","policies":[{"policy-type":2,"failure-details":[{}],"f":1}]}"#, #""c" is missing"#),
            (
                #"{"d":"x","policies":[{"policy-type":2,"policy-string":"a","f":1}]}"#,
                #"its "policy-string" is not what it must be"#
            ),
            (
                #"{"d":"x","policies":[{"policy-type":2,"mx-host":[1],"f":1}]}"#,
                #"its "mx-host" is not what it must be"#
            ),
            (
                #"{"d":"x","policies":[{"policy-type":99999999999999999999,"f":0}]}"#,
                "it is not the JSON of libtlsrpt"
            ),
            (#"{"d":"x","policies":[{"policy-type":1e400,"f":0}]}"#, "it is not the JSON of libtlsrpt"),
            (#"{"d":"x","policies":[{"policy-type":2.5,"f":0}]}"#, "it is not the JSON of libtlsrpt"),
        ])
    func garbage(text: String, words: String) {
        #expect(read(text) == .failure(ForeignObservationFault(words)))
    }

    // MARK: Bounds

    private func list(_ count: Int, _ element: String) -> String {
        "[" + Array(repeating: element, count: count).joined(separator: ",") + "]"
    }

    @Test("each bound holds at its value and not beyond", arguments: [0, 1])
    func bounds(beyond: Int) {
        typealias O = ForeignObservation
        let texts: [(String, String)] = [
            (
                #"{"d":"x","policies":\#(list(O.policyLimit + beyond, #"{"policy-type":2,"f":0}"#))}"#,
                "it has more than 16 policies"
            ),
            (
                #"{"d":"x","policies":[{"policy-type":2,"policy-string":\#(list(O.stringLimit + beyond, #""""#)),"f":0}]}"#,
                #"it has more than 64 of "policy-string""#
            ),
            (
                #"{"d":"x","policies":[{"policy-type":2,"mx-host":\#(list(O.stringLimit + beyond, #""""#)),"f":0}]}"#,
                #"it has more than 64 of "mx-host""#
            ),
            (
                #"{"d":"x","policies":[{"policy-type":2,"failure-details":\#(list(O.failureLimit + beyond, #"{"c":201}"#)),"f":1}]}"#,
                "it has more than 64 failures"
            ),
            (
                #"{"d":"x","policies":[{"policy-type":2,"policy-string":["\#(String(repeating: "x", count: O.stringLength + beyond))"],"f":0}]}"#,
                #"one of its "policy-string" has more than 16384 octets"#
            ),
            (
                // A level more than the limit leaves for one key.
                #"{"d":"x","policies":[{"policy-type":2,"f":0}],"x":"#
                    + String(repeating: "[", count: O.Wire.depthLimit - 1 + beyond)
                    + String(repeating: "]", count: O.Wire.depthLimit - 1 + beyond) + "}",
                "it is nested too deep"
            ),
        ]
        for (text, words) in texts {
            if beyond == 0 {
                #expect((try? read(text).get()) != nil, "\(words)")
            } else {
                #expect(read(text) == .failure(ForeignObservationFault(words)))
            }
        }
        let start = #"{"d":"x","policies":[{"policy-type":2,"f":0}],"pr":""#
        let filler = String(repeating: "x", count: O.datagramLimit + beyond - start.utf8.count - 2)
        let whole = read(start + filler + "\"}")
        #expect(
            (try? whole.get()) != nil || whole == .failure(ForeignObservationFault("it has more than 65536 octets")))
        #expect(((try? whole.get()) != nil) == (beyond == 0))
    }

    @Test("brackets in strings are no levels, and 60,000 of them outside are no trap")
    func nesting() {
        let many = String(repeating: "[", count: 60_000)
        #expect((try? read(#"{"d":"x","pr":"\"\#(many)","policies":[{"policy-type":2,"f":0}]}"#).get()) != nil)
        #expect(read(#"{"d":\#(many)"#) == .failure(ForeignObservationFault("it is nested too deep")))
    }

    /// The same numbers in each run, so that what is found can be found again.
    struct Seeded: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    @Test("nothing traps, and what is read is bounded", arguments: 1...4 as ClosedRange<UInt64>)
    func fuzz(seed: UInt64) {
        var random = Seeded(state: seed)
        let alphabet = Array(#"{}[]",:\0123456789eE.-+u nulltrfas"#.utf8) + [0, 0x0A, 0x7F, 0x80, 0xC3, 0xFF]
        var read = 0
        for _ in 0..<3_000 {
            var octets = Array((Bool.random(using: &random) ? Self.success : Self.failure).utf8)
            for _ in 0..<Int.random(in: 1...3, using: &random) where !octets.isEmpty {
                let at = Int.random(in: 0..<octets.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: octets[at] = alphabet.randomElement(using: &random) ?? 0
                case 1: octets.insert(alphabet.randomElement(using: &random) ?? 0, at: at)
                case 2: octets.removeSubrange(at..<min(octets.count, at + Int.random(in: 1...9, using: &random)))
                default: octets = Array(octets[..<at])
                }
            }
            guard case .success(let sessions) = ForeignObservation.read(datagram: octets) else { continue }
            read += 1
            for session in sessions {
                for failure in session.failures {
                    for text in [failure.reasonCode, failure.receivingHost, failure.receivingHELO].compactMap({ $0 }) {
                        #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F })
                        #expect(!text.isEmpty)
                    }
                }
            }
        }
        // Some of them are still good, or the fuzz would test nothing but the decoder.
        #expect(read > 100)
    }
}
