import Fuzzing

@testable import Mail

/// Names and addresses, and the header sections they stand in.
extension Target {
    static let addresses: [Target] = [
        Target("path") { octets in
            for toASCII in [nil, someLabels] {
                guard let mailbox = try? Mailbox(parsing: octets, toASCII: toASCII) else { continue }
                let text = "\(mailbox)"
                must(!text.hasControls, "\(text.debugDescription) holds a control character")
                // By itself it may be longer than a path lets it be.
                let limit = Mailbox.localPartLimit + 1 + DomainName.lengthLimit
                must(text.utf8.count <= limit, "a mailbox of \(text.utf8.count) octets")
                let again = try? Mailbox(parsing: text.utf8, toASCII: toASCII)
                must(again == mailbox, "\(text.debugDescription) is not what it was read from")
            }
            guard let path = try? ReversePath(parsing: octets) else { return }
            must("<\(path)>".utf8.count <= Mailbox.pathLimit, "a path of \("<\(path)>".utf8.count) octets")
            must((try? ReversePath(parsing: "<\(path)>".utf8)) == path, "\(path) is not what it was read from")
        },
        Target("domain") { octets in
            if let name = try? DomainName(parsing: octets) {
                must((try? DomainName(name.text)) == name, "\(name) is not what it was read from")
                must(name.text.utf8.count <= DomainName.lengthLimit, "a name of \(name.text.utf8.count) octets")
                must(name.text.utf8.allSatisfy { (0x21...0x7E).contains($0) }, "\(name.text.debugDescription)")
            }
            if let name = ClientName(parsing: octets) { must(!name.text.hasControls, name.text.debugDescription) }
            if let pattern = try? MXPattern(parsing: octets) {
                must((try? MXPattern("\(pattern)")) == pattern, "\(pattern) is not what it was read from")
                must(pattern.matches(pattern.name) != pattern.isWildcard, "\(pattern) and \(pattern.name)")
            }
        },
        Target("ip") { octets in
            let text = String(decoding: octets, as: UTF8.self)
            if let address = IPAddress(text) {
                must(IPAddress(address.description) == address, "\(address) is not what it was read from")
                must(IPAddress(address.unmapped.description) == address.unmapped, "\(address.unmapped)")
            }
            guard let network = IPNetwork(text) else { return }
            must(IPNetwork(network.description) == network, "\(network) is not what it was read from")
            must(network.contains(network.address), "\(network) does not hold its own address")
        },
        Target("header") { octets in
            let section = HeaderSection(reading: octets)
            must(section.end <= octets.count, "the header section is too long")
            must(section.bodyOffset.map { $0 == section.end + 2 } ?? true, "the empty line is of two octets")
            var end = 0
            for field in section.fields {
                must(field.range.lowerBound == end && !field.range.isEmpty, "a field does not begin where one ends")
                must(
                    field.value.lowerBound >= field.range.lowerBound
                        && field.value.upperBound <= field.range.upperBound,
                    "a value is not within its field")
                must(!field.name.utf8.contains { !(33...126).contains($0) || $0 == 58 }, field.name.debugDescription)
                end = field.range.upperBound
            }
            must(end == section.end, "fields end at \(end), the header section at \(section.end)")
            let again = HeaderSection(reading: Array(octets[..<section.end]))
            must(again.fields == section.fields, "the header section alone is another")
        },
    ]
}
