import FoundationEssentials
import Testing

@testable import Mail

/// Texts and records that nobody on this project wrote, where `WAXWING_CORPUS` names the folder that holds them.
@Suite struct STSCorpusTests {
    static let folder = CorpusTests.folder

    static func cases(_ name: String) throws -> [JSONValue] {
        let path = "\(folder ?? "")/\(name)"
        let file = try #require(FileManager.default.contents(atPath: path), "cannot read \(path)")
        return try #require(try JSONDecoder().decode(JSONValue.self, from: file)["cases"]).list
    }

    /// The answer a resolver would give for the records of a case, each a list of character-strings.
    private static func answer(_ json: JSONValue) -> Answer {
        if json["dns"]?["fail"] != nil || json["dns"]?["rcode"]?.text == "SERVFAIL" {
            return txtAnswer(.failed("SERVFAIL"), .failed)
        }
        if json["dns"]?["rcode"]?.text == "NXDOMAIN" { return txtAnswer(.noSuchName) }
        let records = (json["txt"]?.list ?? []).map { record in
            record.list.compactMap(\.text).flatMap { [UInt8(clamping: $0.utf8.count)] + Array($0.utf8) }
        }
        let alias = json["dns"]?["cname"]?.list.last?.text
        return txtAnswer(records.isEmpty ? .noData : .records(records), alias: alias)
    }

    @Test("_mta-sts TXT sets of other projects", .enabled(if: folder != nil, "WAXWING_CORPUS names no folder"))
    func stsRecords() throws {
        let cases = try Self.cases("mta-sts-txt.json")
        var tally = CorpusTally("mta-sts-txt")
        for json in cases {
            let id = json["id"]?.text ?? ""
            let text = json["txt"]?.list.first?.list.compactMap(\.text).joined() ?? ""
            let reading = json["rfc8461"] ?? json["peer_expected"]
            var expected =
                reading?["result"]?.text == "ok" ? "ok \(reading?["id"]?.text ?? "")" : reading?["result"]?.text
            var decided: String?
            if text.wholeMatch(of: #/v=STSv1[ \t]+;.*/#) != nil {
                (expected, decided) = ("none", "a blank before the first \";\" drops the record (D12)")
            } else if case .truth(true)? = json["contested"] {
                decided = "the grammar over the source (STS-05, STS-06)"
            }
            let ours =
                switch STSRecordFacts(reading: Self.answer(json)) {
                case .found(let id): "ok \(id)"
                case .absent: "none"
                case .failed: "temperror"
                case .notQueried: "?"
                }
            tally.note(id, ours == expected, differing: decided)
        }
        tally.report(of: cases.count)
    }

    @Test("_smtp._tls TXT sets of other projects", .enabled(if: folder != nil, "WAXWING_CORPUS names no folder"))
    func tlsrptRecords() throws {
        let cases = try Self.cases("tlsrpt-txt.json")
        var tally = CorpusTally("tlsrpt-txt")
        for json in cases {
            let id = json["id"]?.text ?? ""
            var reading = try #require(json["rfc8460"] ?? json["peer_expected"])
            var decided: String?
            if case .truth(true)? = json["contested"] {
                decided = "two rua fields (RPTC-03)"
                if id == "mox-record-002", let peer = json["peer_expected"] {
                    (reading, decided) = (peer, "blanks at the end do no harm (RPTC-03)")
                }
            }
            // A failed lookup is no record for now (RPTC-05).
            let expected = reading["result"]?.text == "ok" ? reading["rua"]?.list.compactMap(\.text) : nil
            let ours = TLSRPTRecord.read(Self.answer(json)).value?.rua.map(\.uri)
            tally.note(id, ours == expected, differing: decided)
        }
        tally.report(of: cases.count)
    }

    @Test("Policy texts of other projects", .enabled(if: folder != nil, "WAXWING_CORPUS names no folder"))
    func policies() throws {
        let cases = try Self.cases("mta-sts-policies.json")
        var tally = CorpusTally("mta-sts-policies")
        for json in cases {
            let id = json["id"]?.text ?? ""
            if json["via"]?.text != "parse" {
                tally.note(id, Self.isFetchedAsExpected(json))
                continue
            }
            let text = Self.text(of: json)
            let reading = json["rfc8461_abnf"] ?? json["peer_expected"]
            var isValid = if case .truth(true)? = reading?["valid"] { true } else { false }
            var maxAge = reading?["parsed"]?["max_age"]?.number
            var decided: String?
            if String(decoding: text, as: UTF8.self).contains(#/mx: (\*\.)?[0-9.]+\n/#) {
                (isValid, decided) = (false, "an address as mx value is invalid")
            } else if reading?["reason"]?.text == "max_age above \(STSPolicy.maxAgeLimit)" {
                (isValid, maxAge, decided) = (true, Int(STSPolicy.maxAgeLimit), "max_age is capped (D11)")
            } else if case .truth(true)? = json["contested"] {
                decided = "the grammar over the source (STS-06, STS-24)"
            }
            let policy = try? STSPolicy(parsing: text)
            var isRight = (policy != nil) == isValid
            if let parsed = reading?["parsed"], let policy {
                isRight = isRight && policy.mode.rawValue == parsed["mode"]?.text
                isRight = isRight && policy.patterns.map(\.description) == parsed["mx"]?.list.compactMap(\.text)
            }
            if let maxAge, let policy {
                isRight = isRight && Int(policy.maxAge) == min(maxAge, Int(STSPolicy.maxAgeLimit))
            }
            tally.note(id, isRight, differing: decided)
        }
        tally.report(of: cases.count)
    }

    /// A fetch: what the policy host answered, and what it says where it says anything. A case whose fault is in the answer
    /// is run with a flawless text as well, so that the text cannot be what it fails of.
    private static func isFetchedAsExpected(_ json: JSONValue) -> Bool {
        let http = json["http"]
        let expected = json["peer_expected"]
        let isGood = if case .truth(true)? = expected?["valid"] ?? expected?["accepted"] { true } else { false }
        let good = Array("version: STSv1\nmode: none\nmax_age: 86400\n".utf8)
        let type =
            json["content_type"]?.text ?? http?["content_type"]?.text.map { $0.replacing(" (sniffed)", with: "") }
            ?? "text/plain"
        let answer = { (body: [UInt8]) -> STSFetchAnswer in
            if http?["cert"] != nil { return .certificateRefused(http?["cert"]?.text ?? "") }
            guard http == nil || http?["status"]?.number != nil else { return .failed("no such host") }
            return .answered(status: http?["status"]?.number ?? 200, contentType: type, body: body)
        }
        let fault = { (body: [UInt8]) -> ResultType? in
            do throws(STSFetchFault) {
                let text = try STSFetchReading.policyText(of: answer(body))
                return (try? STSPolicy(parsing: text)) == nil ? .stsPolicyInvalid : nil
            } catch { return error.type }
        }
        // RFC 8460 §4.3.2.2 sorts the faults; the sources have words of their own.
        let isText = json["policy"] != nil || json["policy_hex"] != nil || http?["body_generator"] != nil
        let own = fault(isText ? text(of: json) : good)
        switch (isGood, json["via"]?.text, http?["status"]?.number) {
        case (true, _, _): return own == nil && fault(good) == nil
        case (false, "content-type", _): return own == .stsPolicyInvalid
        case (false, _, _) where http?["cert"] != nil: return own == .stsWebPKIInvalid && fault(good) == own
        case (false, _, 200): return own != nil && fault(good) == nil
        case (false, _, _): return own == .stsPolicyFetchError && fault(good) == own
        }
    }

    private static func text(of json: JSONValue) -> [UInt8] {
        if let hexadecimal = json["policy_hex"]?.text { return hexOctets(hexadecimal) }
        if let text = json["policy"]?.text { return Array(text.utf8) }
        let generator = json["http"]?["body_generator"]
        if let prefix = generator?["prefix"]?.text, let then = generator?["then"] {
            let filler = String(repeating: then["text"]?.text ?? "", count: then["times"]?.number ?? 0)
            return Array((prefix + filler).utf8)
        }
        return [UInt8](
            repeating: hexOctets(generator?["byte"]?.text ?? "").first ?? 0, count: generator?["count"]?.number ?? 0)
    }

    @Test("Patterns and hosts of other projects", .enabled(if: folder != nil, "WAXWING_CORPUS names no folder"))
    func matches() throws {
        let cases = try Self.cases("mta-sts-mx-match.json")
        var tally = CorpusTally("mta-sts-mx-match")
        // What libidn2 makes of a host that was typed with U-labels; a name of DNS never has them.
        let aLabels = ["x.ñaca.com": "x.xn--aca-6ma.com"]
        for json in cases {
            let id = json["id"]?.text ?? ""
            let values = json["mx_patterns"]?.list.compactMap(\.text) ?? []
            let host = json["mx_host"]?.text ?? ""
            var expected = if case .truth(true)? = json["rfc8461_4_1"] { true } else { false }
            var decided: String?
            if values.contains(where: { !$0.utf8.allSatisfy { $0 < 0x80 } }) {
                (expected, decided) = (false, "a U-label in mx never matches (STS-24)")
            }
            let policy = STSPolicy(mode: .enforce, maxAge: 1, patterns: values.compactMap { try? MXPattern($0) })
            let name = try? DomainName(aLabels[host] ?? host)
            tally.note(id, (name.flatMap(policy.pattern(matching:)) != nil) == expected, differing: decided)
        }
        tally.report(of: cases.count)
    }
}
