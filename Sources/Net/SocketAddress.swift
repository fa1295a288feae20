import CLinux
import Glibc

/// Where a socket is bound or connected.
public enum SocketAddress: Hashable, Sendable {
    /// IPv4: four octets as one number in host order, and the port.
    case v4(address: UInt32, port: UInt16)
    /// IPv6: sixteen octets as two numbers in host order, the port, and the interface's index for link-local ones (or 0).
    case v6(high: UInt64, low: UInt64, port: UInt16, scope: UInt32)
    /// A Unix socket by its path; empty for one without a name, as a connecting client has.
    case unix(path: String)

    /// Octets of a path that fit with their end into `sun_path` (unix(7)).
    public static let pathLimit = 107

    /// From 4 or 16 octets in network order; nil for any other length.
    public init?(octets: some Collection<UInt8>, port: UInt16) {
        func number(_ octets: some Collection<UInt8>) -> UInt64 {
            octets.reduce(0) { $0 << 8 | UInt64($1) }
        }
        switch octets.count {
        case 4:
            self = .v4(address: UInt32(truncatingIfNeeded: number(octets)), port: port)
        case 16:
            self = .v6(high: number(octets.prefix(8)), low: number(octets.dropFirst(8)), port: port, scope: 0)
        default:
            return nil
        }
    }

    /// 4 or 16 octets in network order; none for a Unix socket.
    public var octets: [UInt8] {
        func octets(_ number: some FixedWidthInteger) -> [UInt8] {
            withUnsafeBytes(of: number.bigEndian) { Array($0) }
        }
        switch self {
        case .v4(let address, _): return octets(address)
        case .v6(let high, let low, _, _): return octets(high) + octets(low)
        case .unix: return []
        }
    }

    /// The port; nil for a Unix socket.
    public var port: UInt16? {
        switch self {
        case .v4(_, let port), .v6(_, _, let port, _): port
        case .unix: nil
        }
    }

    /// AF_INET and its like.
    var family: CInt {
        switch self {
        case .v4: AF_INET
        case .v6: AF_INET6
        case .unix: AF_UNIX
        }
    }
}

// MARK: As text

extension SocketAddress: CustomStringConvertible {
    /// From `127.0.0.1:2525`, `[::1]:2525`, `[fe80::1%2]:25` (the zone as a number) or `unix:/path`; nil for anything else. Host
    /// names are not addresses.
    public init?(_ text: String) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard !path.isEmpty, path.utf8.count <= Self.pathLimit, !path.utf8.contains(0) else { return nil }
            self = .unix(path: path)
            return
        }
        guard let colon = text.lastIndex(of: ":"),
            let port = Self.decimal(text[text.index(after: colon)...], as: UInt16.self)
        else { return nil }
        let host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            self.init(inBrackets: host.dropFirst().dropLast(), port: port)
        } else {
            var address = in_addr()
            guard inet_pton(AF_INET, String(host), &address) == 1 else { return nil }
            self = .v4(address: UInt32(bigEndian: address.s_addr), port: port)
        }
    }

    private init?(inBrackets host: Substring, port: UInt16) {
        let parts = host.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        var address = in6_addr()
        guard let first = parts.first, inet_pton(AF_INET6, String(first), &address) == 1 else { return nil }
        guard let scope = parts.count == 2 ? Self.decimal(parts[1], as: UInt32.self) : 0 else { return nil }
        let (high, low) = withUnsafeBytes(of: address) {
            ($0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
        self = .v6(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low), port: port, scope: scope)
    }

    /// Digits only: the integer's own initialiser would take a sign.
    private static func decimal<Value: FixedWidthInteger>(_ text: Substring, as: Value.Type) -> Value? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Value(text) : nil
    }

    /// The address without the port: `127.0.0.1`, `::1`, or the path.
    public var host: String {
        switch self {
        case .v4:
            return Self.text(octets, AF_INET)
        case .v6(_, _, _, let scope):
            return Self.text(octets, AF_INET6) + (scope == 0 ? "" : "%\(scope)")
        case .unix(let path):
            return path
        }
    }

    private static func text(_ octets: [UInt8], _ family: CInt) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
            guard let base = buffer.baseAddress,
                let text = inet_ntop(family, octets, base, socklen_t(buffer.count))
            else { return "" }
            return String(cString: text)
        }
    }

    /// The text that `init(_:)` reads.
    public var description: String {
        switch self {
        case .v4(_, let port): "\(host):\(port)"
        case .v6(_, _, let port, _): "[\(host)]:\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}

// MARK: As C has it

extension SocketAddress {
    /// Lends the address as C wants it. Throws `nameTooLong` for a path over `pathLimit`.
    @discardableResult
    func withSockaddr<Value>(
        _ body: (UnsafePointer<sockaddr>, socklen_t) throws(Errno) -> Value
    ) throws(Errno) -> Value {
        var storage = sockaddr_storage()
        let length = try withUnsafeMutableBytes(of: &storage) { bytes throws(Errno) -> Int in
            try write(into: bytes)
        }
        return try withUnsafePointer(to: storage) { pointer throws(Errno) -> Value in
            // The sockets API reads every address through sockaddr: storage is aligned for all of them.
            try body(UnsafeRawPointer(pointer).assumingMemoryBound(to: sockaddr.self), socklen_t(length))
        }
    }

    private func write(into bytes: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
        switch self {
        case .v4(let address, let port):
            var value = sockaddr_in()
            value.sin_family = sa_family_t(AF_INET)
            value.sin_port = port.bigEndian
            value.sin_addr.s_addr = address.bigEndian
            bytes.storeBytes(of: value, as: sockaddr_in.self)
            return MemoryLayout<sockaddr_in>.size
        case .v6(let high, let low, let port, let scope):
            var value = sockaddr_in6()
            value.sin6_family = sa_family_t(AF_INET6)
            value.sin6_port = port.bigEndian
            value.sin6_scope_id = scope
            withUnsafeMutableBytes(of: &value.sin6_addr) {
                $0.storeBytes(of: high.bigEndian, as: UInt64.self)
                $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            bytes.storeBytes(of: value, as: sockaddr_in6.self)
            return MemoryLayout<sockaddr_in6>.size
        case .unix(let path):
            let octets = Array(path.utf8)
            if octets.count > Self.pathLimit || octets.contains(0) { throw .nameTooLong }
            bytes.storeBytes(of: sa_family_t(AF_UNIX), as: sa_family_t.self)
            let offset = MemoryLayout<sa_family_t>.size
            UnsafeMutableRawBufferPointer(rebasing: bytes[offset...]).copyBytes(from: octets)
            // The storage is zero: the path's end is there.
            return offset + octets.count + 1
        }
    }

    /// Asks C for an address: accept4, getpeername, getsockname. Nil for a family that is none of ours.
    static func read(
        _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) throws(Errno) -> Void
    ) throws(Errno) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return try withUnsafeMutableBytes(of: &storage) { bytes throws(Errno) -> SocketAddress? in
            guard let base = bytes.baseAddress else { return nil }
            try body(base.assumingMemoryBound(to: sockaddr.self), &length)
            return SocketAddress(UnsafeRawBufferPointer(rebasing: bytes[..<min(Int(length), bytes.count)]))
        }
    }

    private init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 2 else { return nil }
        let family = CInt(bytes.loadUnaligned(as: sa_family_t.self))
        if family == AF_INET, bytes.count >= MemoryLayout<sockaddr_in>.size {
            let value = bytes.loadUnaligned(as: sockaddr_in.self)
            self.init(
                octets: withUnsafeBytes(of: value.sin_addr) { Array($0) }, port: UInt16(bigEndian: value.sin_port))
        } else if family == AF_INET6, bytes.count >= MemoryLayout<sockaddr_in6>.size {
            let value = bytes.loadUnaligned(as: sockaddr_in6.self)
            let high = bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            let low = bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
            self = .v6(
                high: UInt64(bigEndian: high), low: UInt64(bigEndian: low),
                port: UInt16(bigEndian: value.sin6_port), scope: value.sin6_scope_id)
        } else if family == AF_UNIX {
            self = .unix(path: String(decoding: bytes.dropFirst(2).prefix { $0 != 0 }, as: UTF8.self))
        } else {
            return nil
        }
    }
}
