public import Net

/// One place where the intake waits for clients, as `listen` spells it.
public enum ListenPoint: Hashable, Sendable {
    /// `127.0.0.1:2525`, `[::1]:2525`: TCP, never a Unix socket.
    case address(SocketAddress)
    /// `unix:/run/waxwing/smtp.sock`: a Unix socket made at start, by its absolute path.
    case unix(path: String)
    /// `systemd:NAME`: a socket inherited from the service manager, by its FileDescriptorName= (systemd.socket(5)).
    case inherited(name: String)

    /// Characters of an inherited socket's name (sd_listen_fds_with_names(3)).
    public static let nameLimit = 255

    static let inheritedScheme = "systemd:"
    static let unixScheme = "unix:"

    /// The port, where it is known: TCP of our own making.
    public var port: UInt16? {
        if case .address(let address) = self { address.port } else { nil }
    }
}

extension ListenPoint: CustomStringConvertible {
    /// Nil for anything else: host names are no addresses, port 0 is none, and the path must be absolute.
    public init?(_ text: String) {
        if text.hasPrefix(Self.inheritedScheme) {
            let name = String(text.dropFirst(Self.inheritedScheme.count))
            guard Self.isName(name) else { return nil }
            self = .inherited(name: name)
            return
        }
        switch SocketAddress(text) {
        case .unix(let path)?:
            guard path.hasPrefix("/"), !path.unicodeScalars.contains(where: LogLine.isUnsafe) else { return nil }
            self = .unix(path: path)
        case let address?:
            guard address.port ?? 0 > 0 else { return nil }
            self = .address(address)
        case nil:
            return nil
        }
    }

    /// Printable ASCII but the colon, which separates names in LISTEN_FDNAMES (sd_listen_fds_with_names(3)).
    private static func isName(_ text: String) -> Bool {
        (1...nameLimit).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: ":") }
    }

    /// The text that `init(_:)` reads.
    public var description: String {
        switch self {
        case .address(let address): address.description
        case .unix(let path): Self.unixScheme + path
        case .inherited(let name): Self.inheritedScheme + name
        }
    }
}
