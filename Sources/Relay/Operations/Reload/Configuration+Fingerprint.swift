import Mail

extension Configuration {
    /// A number for all routes together. Not of Swift's own hashing, which is another at each start.
    var routeFingerprint: Int64 {
        var words = ["\(delivery.port)"]
        for rule in rules {
            guard let nextHop = rule.nextHop else { continue }
            words.append("\(rule.destination.map(\.description) ?? "")")
            words.append("\(nextHop.target)")
            words.append("\(nextHop.port.map { "\($0)" } ?? "") \(rule.implicitTLS.map { "\($0)" } ?? "")")
        }
        // FNV-1a.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in words.joined(separator: "\n").utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Int64(bitPattern: hash)
    }
}
