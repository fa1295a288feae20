import CLinux
import Glibc
import Synchronization

/// The listening sockets that systemd opened before it started us (systemd.socket(5), sd_listen_fds(3)).
///
/// They belong to systemd as well, which goes on with them when we end: connections that come meanwhile wait. Whoever takes one
/// out of here owns our copy; what nobody took is closed with this object, which ends nobody's listening.
public final class InheritedSockets: Sendable {
    /// Sockets that may be handed over. Ours; as many as `intake.listen` may name.
    public static let limit = 64
    /// The number of the first one (SD_LISTEN_FDS_START).
    static let firstNumber: CInt = 3
    /// What a socket is called where the variables name none, as sd_listen_fds_with_names(3) has it.
    static let unnamed = "unknown"

    struct Entry {
        let name: String
        let number: CInt
    }

    private let entries: Mutex<[Entry]>

    init(_ entries: [Entry]) {
        self.entries = Mutex(entries)
    }

    /// None at all.
    public static var none: InheritedSockets { InheritedSockets([]) }

    deinit {
        for entry in entries.withLock({ $0 }) { _ = Glibc.close(entry.number) }
    }

    /// Takes over what the variables `LISTEN_PID`, `LISTEN_FDS` and `LISTEN_FDNAMES` of this process name, and removes them:
    /// again it finds nothing. Empty where they are not there or meant for another process, such as the one that started us.
    ///
    /// To be called before there are other threads: they may read the environment. Throws where the variables are meant for us
    /// and wrong, or one of the descriptors is no listening stream socket.
    public static func take() throws(InheritedSocketError) -> InheritedSockets {
        try take(from: firstNumber)
    }

    /// - `first`: the number of the first one; in tests the low ones are taken.
    static func take(from first: CInt) throws(InheritedSocketError) -> InheritedSockets {
        let names = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"]
        var variables: [String: String] = [:]
        for name in names {
            if let value = getenv(name) { variables[name] = String(cString: value) }
            unsetenv(name)
        }
        return try InheritedSockets(variables, process: getpid(), from: first)
    }

    /// - `process`: who we are. What is meant for another number is not looked at.
    convenience init(
        _ variables: [String: String], process: pid_t, from first: CInt = firstNumber
    ) throws(InheritedSocketError) {
        guard let pid = variables["LISTEN_PID"], Self.number(pid) == Int(process) else {
            self.init([])
            return
        }
        let text = variables["LISTEN_FDS"] ?? "0"
        guard let count = Self.number(text) else { throw .variable("LISTEN_FDS=\(text) is no number") }
        guard count <= Self.limit else { throw .tooMany(count) }
        var names = variables["LISTEN_FDNAMES"].map {
            $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        }
        // No name at all and one empty name look alike.
        if count == 0 { names = nil }
        if let names, names.count != count {
            throw .variable("LISTEN_FDNAMES has \(names.count) names for \(count) descriptors")
        }
        let entries = (0..<count).map { index in
            Entry(name: names?[index] ?? Self.unnamed, number: first + CInt(index))
        }
        for entry in entries { try Self.check(entry) }
        self.init(entries)
    }

    /// Names of those that nobody has taken, in their order; several may have the same.
    public var names: [String] { entries.withLock { $0.map(\.name) } }

    /// The first one with this name that nobody has taken, for ``Listener/init(adopting:on:)``; nil where there is none (any more).
    public func take(named name: String) -> FileDescriptor? {
        let number = entries.withLock { entries -> CInt? in
            guard let index = entries.firstIndex(where: { $0.name == name }) else { return nil }
            return entries.remove(at: index).number
        }
        guard let number else { return nil }
        return FileDescriptor(owning: number)
    }

    /// Opens a TCP socket now, with the rights of now, that is taken by `name` later.
    public func open(_ address: SocketAddress, named name: String) throws(Errno) {
        let descriptor = try Listener.listening(on: address)
        let source = descriptor.rawValue
        let number = try Errno.check { fcntl(source, F_DUPFD_CLOEXEC, Self.firstNumber) }
        entries.withLock { $0.append(Entry(name: name, number: number)) }
    }

    /// Digits only, and not beyond all bounds.
    private static func number(_ text: String) -> Int? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
    }

    /// A listening stream socket of a family we speak, which no child of ours inherits from here on.
    private static func check(_ entry: Entry) throws(InheritedSocketError) {
        do throws(Errno) {
            try Errno.check { fcntl(entry.number, F_SETFD, FD_CLOEXEC) }
            let type = try Self.option(SO_TYPE, of: entry.number)
            let isListening = try Self.option(SO_ACCEPTCONN, of: entry.number) != 0
            let family = try Self.option(SO_DOMAIN, of: entry.number)
            guard type == CInt(SOCK_STREAM.rawValue), isListening, [AF_INET, AF_INET6, AF_UNIX].contains(family) else {
                throw .notSupported
            }
        } catch {
            throw .unfit(name: entry.name, number: entry.number, error)
        }
    }

    private static func option(_ option: CInt, of number: CInt) throws(Errno) -> CInt {
        var value: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        try Errno.check { getsockopt(number, SOL_SOCKET, option, &value, &length) }
        return value
    }
}

/// Why the sockets that systemd opened cannot be used. Each text is one line for the operator.
public enum InheritedSocketError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A variable that is meant for us cannot be understood.
    case variable(String)
    /// More than ``InheritedSockets/limit``.
    case tooMany(Int)
    /// A descriptor that is closed, or no listening TCP or Unix stream socket.
    case unfit(name: String, number: CInt, Errno)

    public var description: String {
        switch self {
        case .variable(let text):
            "sockets from systemd: \(text)"
        case .tooMany(let count):
            "sockets from systemd: \(count) are more than \(InheritedSockets.limit)"
        case .unfit(let name, let number, .notSupported):
            "sockets from systemd: \(name) (descriptor \(number)) is no listening TCP or Unix stream socket: its unit must say "
                + "ListenStream= and Accept=no"
        case .unfit(let name, let number, let error):
            "sockets from systemd: \(name) (descriptor \(number)): \(error)"
        }
    }
}
