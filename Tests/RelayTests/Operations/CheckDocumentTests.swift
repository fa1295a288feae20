import Mail
import TLS
import Testing

@testable import Relay

/// The JSON contract of the offline checks, and what people read.
@Suite("Offline checks")
struct CheckDocumentTests {
    private let plain = TextStyle(width: 80, isColoured: false)

    private func json(_ document: some CheckDocument) -> String {
        String(decoding: ControlJSON.encode(document) ?? [], as: UTF8.self)
    }

    private func octets(_ records: [String]) -> [[UInt8]] { records.map { Array($0.utf8) } }

    @Test(
        "sts lint",
        arguments: [
            (
                "version: STSv1\nmode: enforce\nmax_age: 604800\nmx: *.example.org\n",
                #"{"error":null,"max_age":604800,"mode":"enforce","mx":["*.example.org"],"valid":true,"warnings":[]}"#,
                true
            ),
            (
                "version: STSv1\nmode: on\n",
                #"{"error":{"line":2,"message":"the mode is \"on\": write \"enforce\", \"testing\" or \"none\", in lower case"},"max_age":null,"mode":null,"mx":[],"valid":false,"warnings":[]}"#,
                false
            ),
            (
                "",
                #"{"error":{"line":null,"message":"the policy is empty"},"max_age":null,"mode":null,"mx":[],"valid":false,"warnings":[]}"#,
                false
            ),
        ])
    func lint(policy: String, expected: String, isGood: Bool) {
        let document = STSLintDocument(STSLint(Array(policy.utf8)))
        #expect(json(document) == expected)
        #expect(document.isGood == isGood)
    }

    @Test(
        "sts record",
        arguments: [
            (["v=STSv1; id=1;"], #"{"id":"1","result":"ok","why":null}"#, true),
            (["v=spf1 -all", "v=STSv1; id=a2"], #"{"id":"a2","result":"ok","why":null}"#, true),
            (
                ["v=STSv1; id=1;", "v=STSv1; id=1;"],
                #"{"id":null,"result":"none","why":"2 records begin with \"v=STSv1;\", and only one may"}"#, false
            ),
        ])
    func record(records: [String], expected: String, isGood: Bool) {
        let document = STSRecordDocument(STSRecord.read(octets(records)))
        #expect(json(document) == expected)
        #expect(document.isGood == isGood)
    }

    @Test(
        "tlsrpt record",
        arguments: [
            (["v=TLSRPTv1; rua=mailto:a@b.example"], #"{"result":"ok","rua":["mailto:a@b.example"],"why":null}"#, true),
            (["v=TLSRPTv1; rua=ftp://x"], #"{"result":"ok","rua":[],"why":"the record is valid, and no report"#, true),
            (["v=TLSRPTv1"], #"{"result":"none","rua":[],"why":"#, false),
        ])
    func tlsrpt(records: [String], expected: String, isGood: Bool) {
        let document = TLSRPTRecordDocument(TLSRPTRecord.read(octets(records)))
        #expect(json(document).hasPrefix(expected))
        #expect(document.isGood == isGood)
    }

    @Test(
        "sts match",
        arguments: [
            ("*.example.org", #""match":true,"mode":"enforce","pattern":"*.example.org"}"#, true),
            ("example.org", #""match":false,"mode":"enforce","pattern":null}"#, false),
        ])
    func match(pattern: String, expected: String, isGood: Bool) throws {
        let text = "version: STSv1\nmode: enforce\nmax_age: 604800\nmx: \(pattern)\n"
        let document = STSMatchDocument(try DomainName("mx.example.org"), policy: Array(text.utf8))
        #expect(json(document) == #"{"error":null,"host":"mx.example.org","# + expected)
        #expect(document.isGood == isGood)
    }

    @Test("sts match against a text that is no policy says so, with the line")
    func noPolicy() throws {
        let document = STSMatchDocument(try DomainName("mx.example.org"), policy: Array("version: STSv2\n".utf8))
        #expect(!document.isGood)
        #expect(json(document).hasPrefix(#"{"error":{"line":1,"#))
        #expect(document.text(plain).hasPrefix("no match: the policy is invalid, line 1: "))
    }

    @Test("dane check: verified, refused, unusable")
    func dane() throws {
        let host = try DomainName("mx.example")
        func check(_ records: [String]) throws -> DANECheckDocument {
            let reference = DANEReference(
                baseDomain: host, records: try records.map { try TLSARecord(parsing: $0) }, referenceIdentifiers: [host]
            )
            let check = try DANECheck(
                chain: Array(ScriptedHost.certificate.utf8), reference: reference, context: try ClientContext(.dane))
            return DANECheckDocument(check, host: host, records: reference.records)
        }
        let good = try check(["3 1 1 \(ScriptedHost.keyDigest)"])
        #expect(good.isGood)
        #expect(
            json(good)
                == #"{"host":"mx.example","matched":{"data":"\#(ScriptedHost.keyDigest)","depth":0,"matching_type":1,"selector":1,"usage":3},"result":"verified","why":null}"#
        )
        let bad = try check(["3 1 1 \(String(repeating: "00", count: 32))"])
        #expect(!bad.isGood)
        #expect(json(bad).hasPrefix(#"{"host":"mx.example","matched":null,"result":"refused","why":""#))
        let unusable = try check(["1 1 1 \(ScriptedHost.keyDigest)"])
        #expect(!unusable.isGood && json(unusable).contains(#""result":"unusable""#))
        let short = try check(["3 1 1 deadbeef"])
        #expect(json(short).contains("3 1 1 deadbeef: digest of 4 octets where 32 are due"), "\(json(short))")
    }

    @Test("what people read of a lint")
    func lintText() {
        let text = "version: STSv1\nmode: testing\nmax_age: 3600\nmx: mx.example.org\n"
        #expect(
            STSLintDocument(STSLint(Array(text.utf8))).text(plain) == """
                valid
                mode     testing
                max_age  3600 seconds (1h)
                mx       mx.example.org
                warning: line 2: mode testing protects nobody: failures are reported and mail
                         goes on; set "mode: enforce" once reports are clean
                warning: line 3: max_age of 3600 seconds is less than a day: an attacker need
                         only outlast it; write 604800 (a week) or more

                """)
    }

    @Test("what people read of the cache and of a refresh")
    func cache() {
        let now = WallTime(seconds: 1_000_000)
        let view = STSView(
            domain: "d.example", id: "7", mode: "enforce", mx: ["mx.example"], maxAge: 604_800, fetchedAt: 992_800,
            expiresAt: 1_597_600, error: nil, usedAt: 999_940)
        #expect(
            STSText.list([view], isComplete: true, now: now, style: plain) == """
                DOMAIN     MODE     ID  FETCHED  EXPIRES   USED     LAST ERROR
                d.example  enforce  7   2h ago   in 6d22h  60s ago  
                1 policy

                """)
        let none = STSView(domain: "e.example", error: "404", failedAt: 992_800, usedAt: 999_940)
        #expect(
            STSText.list([view, none], isComplete: false, now: now, style: plain).hasSuffix(
                """
                e.example  -        -   -        -         60s ago  404
                1 policy; 1 domain (-) with none in force: see the last error, and there are
                more (--limit, --all)

                """))
        #expect(STSText.list([], isComplete: true, now: now, style: plain) == "No MTA-STS policy is remembered.\n")
        let failed = STSRefreshView(domain: "d.example", fetched: false, policy: view, error: "404")
        #expect(
            STSText.refreshed(failed, now: now, style: plain) == """
                d.example: not fetched: 404.
                The policy fetched before stays in force.
                mode     enforce
                id       7
                expires  in 6d22h
                mx       mx.example

                """)
    }
}
