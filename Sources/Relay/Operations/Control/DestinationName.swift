public import Mail

/// The name of a destination as the daemon lists it: a domain, `[host]` or `[192.0.2.1]`, with `:port` behind it where the
/// port is another than 25, and `via:` before it where the operator routes mail there.
public struct DestinationName: Hashable, Sendable, CustomStringConvertible {
    /// In lower case.
    public let text: String
    /// Set where the name is a domain and nothing else: as a recipient's address has it, and so subject to routing.
    public let domain: DomainName?

    /// Octets: a domain of 253, brackets, a port and the mark of a smarthost.
    public static let lengthLimit = 280
    /// Stands before what the operator named as next hop.
    static let routedMark = "via:"

    public init(_ domain: DomainName) {
        text = domain.text
        self.domain = domain
    }

    /// nil where the text names no destination.
    public init?(_ written: String) {
        guard written.utf8.count <= Self.lengthLimit else { return nil }
        let isRouted = written.hasPrefix(Self.routedMark)
        let name = try? DomainName(written)
        domain = name
        if let name {
            text = name.text
            return
        }
        guard let place = Self.place(written.dropFirst(isRouted ? Self.routedMark.count : 0)) else { return nil }
        text = (isRouted ? Self.routedMark : "") + place
    }

    public var description: String { text }

    /// `name`, `[name]` or `[address]`, each with a port or without.
    private static func place(_ written: Substring) -> String? {
        var host = written
        var port = ""
        if let colon = written.lastIndex(of: ":"), !written[colon...].contains("]") {
            guard let number = UInt16(strictly: written[written.index(after: colon)...]), number > 0 else { return nil }
            host = written[..<colon]
            port = number == NextHop.defaultPort ? "" : ":\(number)"
        }
        guard host.hasPrefix("["), host.hasSuffix("]") else {
            return (try? DomainName(String(host))).map { $0.text + port }
        }
        let inner = String(host.dropFirst().dropLast())
        if let address = IPAddress(inner) { return "[\(address)]" + port }
        return (try? DomainName(inner)).map { "[\($0)]" + port }
    }
}
