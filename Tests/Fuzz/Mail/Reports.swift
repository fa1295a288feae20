import FoundationEssentials
import Fuzzing
import Gzip

@testable import Mail

/// TLS-RPT as others send it, packed and wrapped, and as we do.
extension Target {
    static let reports: [Target] = [
        Target("mime") { octets in
            let entity = MIMEEntity(octets[...])
            for (name, _) in entity.fields {
                must(!name.utf8.contains { (65...90).contains($0) }, "\(name.debugDescription) is in capitals")
            }
            if let boundary = entity.contentType.parameter("boundary"), !boundary.isEmpty {
                let parts = entity.parts(boundary: boundary, limit: 5)
                must(parts.count <= 5, "\(parts.count) parts")
                var end = entity.body.startIndex
                for part in parts {
                    must(part.startIndex >= end && part.endIndex <= octets.count, "parts overlap")
                    end = part.endIndex
                }
            }
            guard let found = try? ReportAttachment.find(in: octets) else { return }
            must((1...ReportAttachment.partLimit).contains(found.count), "\(found.count) reports")
            // Each line end may become two octets, and nothing else grows.
            for attachment in found { must(attachment.octets.count <= 2 * octets.count + 2, "more than the mail has") }
        },
        Target("json") { octets in
            var reader = JSONReader(octets)
            let node = try? reader.read()
            // What the standard library takes, we take: but for depth, and a comma behind the last of them, which RFC 8259 does
            // not know. Of members of one name it reads one alone, so it is asked of a single one.
            let bare = octets.filter { !" \t\r\n".utf8.contains($0) }
            let isLax = bare.contains(",}".utf8) || bare.contains(",]".utf8)
            if octets.count(where: { $0 == UInt8(ascii: ":") }) > 1 { return }
            guard node == nil, !isLax, !octets.contains(0), String(validating: octets, as: UTF8.self) != nil,
                octets.count(where: { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "{") }) <= JSONReader.depthLimit
            else { return }
            let taken = (try? JSONDecoder().decode(AnyValue.self, from: Data(octets))) != nil
            must(!taken, "\(String(decoding: octets, as: UTF8.self).debugDescription) is JSON")
        },
        Target("report") { octets in
            guard let report = try? ReceivedReport(json: octets) else { return }
            must(report.faults.count <= ReceivedReport.faultLimit, "\(report.faults.count) faults")
            must(!report.faults.contains(where: \.hasControls), "\(report.faults)")
            must(report.successes >= 0 && report.failures >= 0, "\(report.successes) and \(report.failures) sessions")
            must(!report.reporter.isEmpty && !report.id.isEmpty, "it is nobody's")
            for policy in report.policies {
                must(policy.successes >= 0 && policy.failures >= 0, "a count below zero")
                must(policy.details.allSatisfy { $0.sessions >= 0 }, "a count below zero")
            }
        },
        Target("own-report") { octets in
            var draw = Draw(octets)
            let report = OwnReport.drawn(from: &draw)
            let json = report.json()
            must(json.allSatisfy { (0x20...0x7E).contains($0) }, "a report that is not of printable ASCII")
            do throws(UnreadableReport) {
                let read = try ReceivedReport(json: json)
                must(read.faults.isEmpty, "\(read.faults)")
                must(read.organization == report.organization, read.organization)
                must(read.policies.map(\.successes) == report.policies.map(\.successes), "other successes")
                must(read.policies.map(\.failures) == report.policies.map(\.failures), "other failures")
                must(read.policies.map(\.details.count) == report.policies.map(\.details.count), "other details")
                let helos = report.policies.flatMap { $0.details.map(\.detail.receivingHELO) }
                must(read.policies.flatMap { $0.details.map(\.receivingHELO) } == helos, "other names of hosts")
            } catch {
                must(false, "our own report: \(error.words)")
            }
        },
        Target("gzip") { octets in
            if let inflated = try? Gzip.decompress(octets, limit: 1 << 20) {
                must(inflated.count <= 1 << 20, "\(inflated.count) octets came out")
            }
            let packed = try? Gzip.compress(octets)
            must(packed != nil, "it cannot be packed")
            let back = packed.flatMap { try? Gzip.decompress($0, limit: octets.count) }
            must(back == octets, "it does not come back")
        },
        Target("observation") { octets in
            switch ForeignObservation.read(datagram: octets) {
            case .success(let sessions):
                must((1...ForeignObservation.policyLimit).contains(sessions.count), "\(sessions.count) sessions")
                for failure in sessions.flatMap(\.failures) {
                    for words in [failure.reasonCode, failure.receivingHost, failure.receivingHELO].compactMap(\.self) {
                        must(!words.hasControls && !words.isEmpty, words.debugDescription)
                    }
                }
            case .failure(let fault):
                must(!fault.words.hasControls, fault.words.debugDescription)
            }
        },
    ]
}

/// Any JSON, of which nothing is kept.
private struct AnyValue: Decodable {
    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init?(stringValue: String) { self.stringValue = stringValue }

        init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
        if let object = try? decoder.container(keyedBy: Name.self) {
            for name in object.allKeys { _ = try object.decode(AnyValue.self, forKey: name) }
        } else if var array = try? decoder.unkeyedContainer() {
            while !array.isAtEnd { _ = try array.decode(AnyValue.self) }
        } else {
            let value = try decoder.singleValueContainer()
            if value.decodeNil() || (try? value.decode(Bool.self)) != nil || (try? value.decode(Double.self)) != nil {
                return
            }
            _ = try value.decode(String.self)
        }
    }
}

/// Reports of ours, with whatever words strangers had.
private enum OwnReport {
    private static let domain = Target.needed(try? DomainName("b.example"))
    private static let contact = Target.needed(
        (try? Mailbox(parsing: "tls@a.example".utf8)).flatMap(ReportContact.init))

    static func drawn(from draw: inout Draw) -> TLSReport {
        let day = ReportDay(number: Int64(draw.octet()) * 90)
        let id = ReportID(domain: domain, day: day, submitter: contact.domain, salt: UInt64(draw.octet()))
        var policies: [PolicyCount] = []
        while !draw.isEmpty, policies.count < 20 { policies.append(policy(from: &draw)) }
        return TLSReport(
            organization: "Ours", contact: contact, domain: domain, day: day, id: id, policies: policies)
    }

    private static func policy(from draw: inout Draw) -> PolicyCount {
        let kinds: [PolicyResult.Policy] = [.tlsa, .sts, .noPolicyFound]
        let policy = ReportedPolicy(
            draw.one(of: kinds) ?? .sts, domain: domain,
            strings: (0..<draw.number(below: 4)).map { _ in draw.text() },
            mxHosts: (0..<draw.number(below: 4)).map { _ in draw.text() })
        let details = (0..<draw.number(below: 4)).map { _ in
            DetailCount(
                FailureDetail(
                    draw.one(of: ResultType.allCases) ?? .validationFailure, reasonCode: said(draw.text()),
                    sendingAddress: .v4(0xC000_0201), receivingHost: said(draw.text()),
                    receivingHELO: said(draw.text()),
                    receivingAddress: IPAddress(octets: draw.octets(16))),
                sessions: Int64(draw.octet()))
        }
        return PolicyCount(
            policy, successes: Int64(draw.octet()) << 40, failures: Int64(draw.octet()), details: details)
    }

    /// Nil for what is not said. Noncharacters are not I-JSON, and go out as U+FFFD.
    private static func said(_ text: String) -> String? {
        let isMended = text.unicodeScalars.contains { $0.properties.isNoncharacterCodePoint }
        return text.isEmpty || isMended ? nil : text
    }
}
