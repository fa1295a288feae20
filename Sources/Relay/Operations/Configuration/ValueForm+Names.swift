import Mail
import Net

extension ValueForm<String> {
    /// A file or directory, absolute, so that it means the same from wherever the daemon is started.
    static let path = ValueForm.parsed(
        "absolute path", example: "/etc/waxwing/file.pem", problem: "is no absolute path",
        parse: { $0.hasPrefix("/") && $0.utf8.count <= pathLimit ? $0 : nil }, spell: { $0 })

    /// PATH_MAX of Linux less its NUL.
    static let pathLimit = 4095

    /// The path of a Unix socket: `sun_path` of unix(7) has 108 octets with its NUL.
    static let socketPath = ValueForm.parsed(
        "path of a Unix socket", range: "absolute, at most \(socketPathLimit) octets",
        example: "/run/waxwing/control.sock", problem: "is no absolute path of at most \(socketPathLimit) octets",
        parse: { $0.hasPrefix("/") && $0.utf8.count <= socketPathLimit ? $0 : nil }, spell: { $0 })

    static let socketPathLimit = SocketAddress.pathLimit

    /// A domain name, or `.` for the root.
    static let nameOrRoot = ValueForm.parsed(
        "domain name or .", example: ".", problem: "is no domain name",
        parse: { $0 == "." ? $0 : (try? DomainName($0))?.text }, spell: { $0 })
}

extension ValueForm<DomainName> {
    /// U-labels are refused: the file is the place where the operator sees what goes over the wire.
    static let hostName = ValueForm.parsed(
        "host name", example: "relay.example.org", problem: "is no host name (letters, digits, hyphens and dots)",
        parse: { text in (try? DomainName(text)).flatMap { $0.isHostName ? $0 : nil } }, spell: \.text)

    static let domainName = ValueForm.parsed(
        "domain name", example: "example.org", problem: "is no domain name (letters, digits, hyphens and dots)",
        parse: { try? DomainName($0) }, spell: \.text)
}

extension ValueForm<DomainName> {
    /// A domain that mail is from.
    static let mailDomain = ValueForm.parsed(
        "domain name", example: "example.org", problem: "is no domain name (letters, digits, hyphens and dots)",
        parse: { text in (try? DomainName(text)).flatMap { $0.isHostName ? $0 : nil } }, spell: \.text)
}

extension ValueForm<Mailbox> {
    /// One whose domain signs.
    static let reportMailbox = ValueForm(
        name: mailbox.name, range: nil, example: TOMLText.quoted("tlsrpt@example.org"),
        read: { node throws(ValueProblems) in
            if case .string(let text) = node, text.contains("@["), text.hasSuffix("]") {
                throw ValueProblems(
                    "\(TOMLText.quoted(text)) is at an address literal, and reports are signed by a domain",
                    cure: "Write an address at a domain")
            }
            return try mailbox.read(node)
        },
        spell: mailbox.spell)

    static let mailbox = ValueForm.parsed(
        "mail address", example: "postmaster@example.org", problem: "is no mail address",
        parse: { Mailbox(configured: $0) }, spell: \.description)
}

extension ValueForm<IPAddress> {
    static let ipv4 = ValueForm.parsed(
        "IPv4 address", example: "192.0.2.1", problem: "is no IPv4 address",
        parse: { text in
            guard case .v4? = IPAddress(text) else { return nil }
            return IPAddress(text)
        }, spell: \.description)

    static let ipv6 = ValueForm.parsed(
        "IPv6 address", example: "2001:db8::1", problem: "is no IPv6 address",
        parse: { text in
            guard case .v6? = IPAddress(text) else { return nil }
            return IPAddress(text)
        }, spell: \.description)
}

extension ValueForm<IPNetwork> {
    static let network = ValueForm.parsed(
        "network", example: "192.0.2.0/24",
        problem: "is no network, or has bits set behind its prefix length",
        parse: { IPNetwork($0) }, spell: \.description)
}

extension ValueForm<ListenPoint> {
    /// Names are not taken, so that what is listened on does not depend on a resolver.
    static let listenPoint = ValueForm.parsed(
        "address:port, unix:/path or systemd:NAME", example: "127.0.0.1:2525",
        problem: "is no address with a port (IPv6 in brackets, no names), no unix:/path and no systemd:NAME",
        parse: { ListenPoint($0) }, spell: \.description)
}

extension ValueForm<ForwardAddress> {
    static let forwardAddress = ValueForm.parsed(
        "resolver address", example: "192.0.2.53", problem: "is no address, or address@port",
        parse: { ForwardAddress($0) }, spell: \.description)
}

extension ValueForm<[String: String]> {
    /// Option names as unbound.conf(5) has them, each with its colon, and texts.
    static let options = ValueForm(
        name: "table of text", range: "option names with their colon", example: "\"edns-buffer-size:\" = \"1232\"",
        read: { node throws(ValueProblems) in
            guard case .table(let entries) = node else { throw .wrongKind("a table", node) }
            var options: [String: String] = [:]
            var faults = ValueProblems(problems: [])
            for (key, value) in entries {
                let path = ConfigurationPlaces.path("dns.unbound", key).dropFirst("dns.unbound".count)
                func fault(_ text: String, _ cure: String) {
                    faults.problems.append(.init(path: String(path), text: text, cure: cure))
                }
                if !key.hasSuffix(":") {
                    fault("the name of an option ends in a colon", "Write \(TOMLText.quoted("\(key):"))")
                } else if case .string(let text) = value {
                    options[key] = text
                } else {
                    fault("must be a text in quotes, but is \(value.kind)", "Put the value in quotes")
                }
            }
            if !faults.problems.isEmpty { throw faults }
            return options
        },
        spell: { options in
            let entries = options.sorted { $0.key < $1.key }
            return
                "{\(entries.map { " \(TOMLText.quoted($0.key)) = \(TOMLText.quoted($0.value))" }.joined(separator: ",")) }"
        })
}

extension Mailbox {
    /// An address an operator configures: a dot-atom (RFC 5321 §4.1.2 `Dot-string`) at a host name. Quoted local-parts
    /// and literals are not taken here.
    init?(configured text: String) {
        guard let at = text.lastIndex(of: "@") else { return nil }
        let localPart = text[..<at]
        guard !localPart.isEmpty, localPart.utf8.count <= 64,
            let domain = try? DomainName(text[text.index(after: at)...]), domain.isHostName,
            localPart.split(separator: ".", omittingEmptySubsequences: false).allSatisfy({ atom in
                !atom.isEmpty && atom.unicodeScalars.allSatisfy(Self.isAtomText)
            })
        else { return nil }
        self.init(localPart: String(localPart), domain: .name(domain))
    }

    /// `atext` of RFC 5322 §3.2.3.
    private static func isAtomText(_ scalar: Unicode.Scalar) -> Bool {
        KeyLocator.isBare(scalar) || "!#$%&'*+/=?^`{|}~".unicodeScalars.contains(scalar)
    }
}
