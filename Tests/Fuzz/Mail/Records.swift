import Fuzzing

@testable import Mail

/// What strangers publish in DNS, and the policies they serve.
extension Target {
    static let records: [Target] = [
        Target("sts-record") { octets in
            let records = strings(octets)
            let reading = STSRecord.read(records)
            must(STSRecord.read(records.reversed()) == reading, "the order of records matters")
            switch reading {
            case .found(let record):
                must(STSRecord(id: record.id) == record, "the id \(record.id.debugDescription)")
                must(
                    STSRecord.read([Array("v=STSv1; id=\(record.id);".utf8)]) == reading,
                    "\(record.id) is read otherwise")
            case .none(let why), .failed(let why): must(!why.hasControls, why.debugDescription)
            }
        },
        Target("sts-policy") { octets in
            do throws(STSPolicyFault) {
                let policy = try STSPolicy(parsing: octets)
                must((0...STSPolicy.maxAgeLimit).contains(policy.maxAge), "max_age \(policy.maxAge)")
                must(policy.mode == .none || !policy.patterns.isEmpty, "\(policy.mode) without a pattern")
                for ending in ["\n", "\r\n"] {
                    let text = written(policy, ending)
                    must((try? STSPolicy(parsing: text)) == policy, "\(policy) is read otherwise")
                }
            } catch {
                must(!"\(error)".hasControls, "\(error)")
                must((1...octets.count + 1).contains(error.line ?? 1), "line \(error.line ?? 0)")
            }
        },
        Target("tlsrpt-record") { octets in
            let records = strings(octets)
            let reading = TLSRPTRecord.read(records)
            must(TLSRPTRecord.read(records.reversed()) == reading, "the order of records matters")
            switch reading {
            case .found(let record):
                must(record.rua.count <= TLSRPTRecord.destinationLimit, "\(record.rua.count) destinations")
                for address in record.rua {
                    must(!address.uri.hasControls, address.uri.debugDescription)
                    must(ReportAddress(address.uri) == address, "\(address.uri) is read otherwise")
                    if case .mail(let mailbox, uri: _) = address {
                        must((try? Mailbox(parsing: "\(mailbox)".utf8)) == mailbox, "\(mailbox)")
                    }
                }
            case .none(let why), .failed(let why): must(!why.hasControls, why.debugDescription)
            }
        },
        Target("report-uri") { octets in
            let uri = String(decoding: octets, as: UTF8.self)
            switch ReportEndpoint.read(uri: uri) {
            case .success(let endpoint):
                must(endpoint.port == ReportEndpoint.defaultPort || endpoint.port >= ReportEndpoint.leastOtherPort, uri)
                must(endpoint.path.utf8.first == UInt8(ascii: "/"), endpoint.path)
                must(endpoint.path.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x23 }, endpoint.path)
                must(endpoint.host.isHostName && IPAddress(endpoint.host.text) == nil, endpoint.host.text)
                let again = ReportEndpoint.read(uri: "https://\(endpoint.host):\(endpoint.port)\(endpoint.path)")
                must(again == .success(endpoint), "\(endpoint) is read otherwise")
            case .failure(let fault): must(!fault.words.hasControls, fault.words)
            }
        },
        Target("rdata") { octets in
            if let record = TLSARecord(rdata: octets) { check(record) }
            if let record = MXRecord(rdata: octets) {
                let text = record.exchange.description
                must(!text.hasControls && text.utf8.count <= 4 * DomainName.lengthLimit, text.debugDescription)
                if case .host(.name(let name)) = record.exchange {
                    must((try? DomainName(name.text)) == name, name.text)
                }
            }
            for family in AddressFamily.allCases {
                guard let address = IPAddress(rdata: octets, family) else { continue }
                must(IPAddress(address.description) == address, "\(address) is not what it was read from")
                _ = address.unreachable(loopbackAllowed: false)
            }
            if let text = TXTRecord.joined(rdata: octets) { must(text.count < octets.count, "\(text.count) octets") }
            if let name = CNAMERecord.target(rdata: octets) { must((try? DomainName(name.text)) == name, name.text) }
        },
        Target("tlsa-text") { octets in
            guard let record = try? TLSARecord(parsing: String(decoding: octets, as: UTF8.self)) else { return }
            must(
                !record.data.isEmpty && record.data.count <= TLSARecord.dataLimit, "\(record.data.count) octets of data"
            )
            check(record)
        },
    ]

    private static func check(_ record: TLSARecord) {
        must(!record.description.hasControls, record.description)
        _ = record.usability
        let text = "\(record.usage) \(record.selector) \(record.matchingType) \(record.hexadecimalData)"
        if !record.data.isEmpty { must((try? TLSARecord(parsing: text)) == record, "\(text) is read otherwise") }
    }

    private static func written(_ policy: STSPolicy, _ ending: String) -> [UInt8] {
        var lines = ["version: STSv1", "mode: \(policy.mode.rawValue)", "max_age: \(policy.maxAge)"]
        lines += policy.patterns.map { "mx: \($0)" }
        return Array(lines.map { $0 + ending }.joined().utf8)
    }

    /// TXT records, told from each other by an octet that is in none of them.
    private static func strings(_ octets: [UInt8]) -> [[UInt8]] {
        octets.split(separator: 0xFF, omittingEmptySubsequences: false).map(Array.init)
    }
}
