/// Why the relay did not start, in words that say what to do.
public enum ServiceError: Error, Sendable, CustomStringConvertible {
    case hostname
    case tls(String)
    /// Files that the configuration names. Never empty.
    case files([ConfigurationFault])
    case store(String)
    case resolver(String)
    case resolverSettings(String)
    /// A point of the intake that cannot be listened on.
    case listen(ConfigurationFault)
    /// A control socket that cannot be opened.
    case control(ConfigurationFault)
    case user(String)
    case system(String)

    public var description: String {
        switch self {
        case .hostname: "this machine's name is no domain name: set server.hostname"
        case .tls(let why): "TLS: \(why)"
        case .files(let faults): faults.map(\.description).joined(separator: "\n")
        case .store(let why): why
        case .resolver(let why): "the resolver did not start: \(why). Check the [dns] section with relayd --check"
        case .resolverSettings(let why): "dns: \(why). Check root_trust_anchor, root_hints, forward and [dns.unbound]"
        case .listen(let fault), .control(let fault): fault.description
        case .user(let why): "server.user: \(why)"
        case .system(let why): why
        }
    }
}

extension ServiceError {
    /// True where the cure is in the configuration file.
    public var isConfiguration: Bool {
        switch self {
        case .hostname, .tls, .files, .store, .resolverSettings, .user: true
        case .resolver, .listen, .control, .system: false
        }
    }

    /// What can be said with its place in the file; empty where it has none.
    var faults: [ConfigurationFault] {
        switch self {
        case .files(let faults): faults
        case .listen(let fault), .control(let fault): [fault]
        case .hostname, .tls, .store, .resolver, .resolverSettings, .user, .system: []
        }
    }
}
