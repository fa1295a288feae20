import Glibc
import Mail

extension ProxyReading {
    /// Looks at what waits on a socket, and takes the header where it is whole.
    /// - Returns: nil where the connection has ended.
    static func take(_ descriptor: CInt) -> ProxyReading? {
        var octets = [UInt8](repeating: 0, count: ProxyHeader.binaryLimit)
        let count = recv(descriptor, &octets, octets.count, CInt(MSG_PEEK) | CInt(MSG_DONTWAIT))
        if count == 0 { return nil }
        if count < 0 { return errno == EAGAIN || errno == EINTR ? .needsMore : nil }
        let reading = ProxyHeader.read(octets.prefix(count))
        if case .header(_, let consumed) = reading {
            guard recv(descriptor, &octets, consumed, CInt(MSG_DONTWAIT)) == consumed else { return nil }
        }
        return reading
    }
}
