import Gzip
import Mail
import Relay

extension Target {
    static let all: [Target] = [
        Target(name: "reply") { octets in
            // However it is cut: the same replies, and the same fault.
            let whole = replies(octets, piece: max(1, octets.count))
            must(replies(octets, piece: 1) == whole, "replies differ by how they come")
        },
        Target(name: "command") { octets in
            for line in octets.split(separator: 0x0A, omittingEmptySubsequences: false) {
                guard let command = try? Command(parsing: line) else { continue }
                // A parsed command holds nothing that could end a line.
                must(!holdsLineEnd(command), "\(command) holds a line end")
            }
        },
        Target(name: "content") { octets in
            let whole = content(octets, cut: octets.count)
            for cut in [0, 1, octets.count / 2, max(0, octets.count - 1)] {
                must(content(octets, cut: cut) == whole, "content differs by how it comes, cut at \(cut)")
            }
        },
        Target(name: "path") { octets in
            guard let mailbox = try? Mailbox(parsing: octets) else { return }
            let text = "\(mailbox)"
            must(!text.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "\(text.debugDescription) holds a control character")
            must((try? Mailbox(parsing: text.utf8)) == mailbox, "\(text.debugDescription) is not what it was read from")
        },
        Target(name: "header") { octets in
            let section = HeaderSection(reading: octets)
            must(
                section.end <= octets.count && (section.bodyOffset ?? 0) <= octets.count,
                "the header section is too long")
            for field in section.fields {
                must(
                    field.range.upperBound <= section.end && field.value.upperBound <= field.range.upperBound,
                    "a field is too long")
            }
        },
        Target(name: "sts-record") { octets in _ = STSRecord.read(strings(octets)) },
        Target(name: "sts-policy") { octets in
            guard let policy = try? STSPolicy(parsing: octets) else { return }
            must(policy.maxAge >= 0, "max_age \(policy.maxAge)")
        },
        Target(name: "tlsrpt-record") { octets in _ = TLSRPTRecord.read(strings(octets)) },
        Target(name: "report-uri") { octets in _ = ReportEndpoint.read(uri: String(decoding: octets, as: UTF8.self)) },
        Target(name: "rdata") { octets in
            _ = TLSARecord(rdata: octets)
            _ = MXRecord(rdata: octets)
            _ = AddressRecord(rdata: octets, .v4)
            _ = AddressRecord(rdata: octets, .v6)
        },
        Target(name: "report") { octets in _ = try? ReceivedReport(json: octets) },
        Target(name: "gzip") { octets in
            guard let inflated = try? Gzip.decompress(octets, limit: 1 << 20) else { return }
            must(inflated.count <= 1 << 20, "\(inflated.count) octets came out")
        },
        Target(name: "dkim-key") { octets in _ = try? DKIMKeyRecord(parsing: octets) },
        Target(name: "dkim-signature") { octets in _ = try? DKIMSignature(parsing: octets) },
        Target(name: "dkim-signable") { octets in _ = try? DKIMSignable(reading: octets) },
        Target(name: "proxy") { octets in _ = ProxyHeader.read(octets) },
        Target(name: "observation") { octets in _ = ForeignObservation.read(datagram: octets) },
        Target(name: "user") { octets in _ = try? UserRecord(parsing: octets) },
        Target(name: "configuration") { octets in
            _ = try? Configuration.parse(text: String(decoding: octets, as: UTF8.self), file: "fuzz.toml")
        },
    ]

    /// TXT records, told from each other by an octet that is none of them.
    private static func strings(_ octets: [UInt8]) -> [[UInt8]] {
        octets.split(separator: 0xFF, omittingEmptySubsequences: false).map(Array.init)
    }

    private static func replies(_ octets: [UInt8], piece: Int) -> [String] {
        var parser = ReplyParser()
        var found: [String] = []
        var rest = octets[...]
        while true {
            do throws(ReplyError) {
                while let reply = try parser.next() { found.append("\(reply)") }
            } catch {
                return found + ["\(error)"]
            }
            if rest.isEmpty { return found }
            parser.append(rest.prefix(piece))
            rest = rest.dropFirst(piece)
        }
    }

    private static func content(_ octets: [UInt8], cut: Int) -> [String] {
        var reader = ContentReader(limit: 4096)
        var emitted: [UInt8] = []
        var consumed = 0
        for part in [octets[..<cut], octets[cut...]] {
            let progress = Array(part).withUnsafeBytes { bytes in reader.consume(bytes) { emitted += $0 } }
            if case .ended(let count) = progress {
                return ["\(consumed + count)", "\(emitted)", "\(reader.facts)"]
            }
            consumed += part.count
        }
        return ["more", "\(emitted)", "\(reader.facts)"]
    }
}

/// Whether any text or octets within `value` hold CR or LF.
private func holdsLineEnd(_ value: Any) -> Bool {
    switch value {
    case let text as String: text.utf8.contains { $0 == 0x0D || $0 == 0x0A }
    case let octets as [UInt8]: octets.contains { $0 == 0x0D || $0 == 0x0A }
    default: Mirror(reflecting: value).children.contains { holdsLineEnd($0.value) }
    }
}
