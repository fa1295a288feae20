import Glibc
import Net

@testable import Relay

/// A host on loopback that answers no one: its queue for connections is full, and the kernel drops what comes.
final class MuteHost: Sendable {
    struct Failure: Error {}

    let port: UInt16
    private let descriptors: [CInt]

    var address: SocketAddress { .v4(address: 0x7F00_0001, port: port) }

    init() throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let own = Self.socket()
        var descriptors = [own]
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(own, $0, size) == 0 && listen(own, 0) == 0 && getsockname(own, $0, &size) == 0
            }
        }
        var isFull = false
        if isListening {
            // One has a place, the others wait for one as long as they live.
            for _ in 0..<4 {
                let filler = Self.socket()
                descriptors.append(filler)
                _ = withUnsafePointer(to: &address) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(filler, $0, size) }
                }
                // The first is in the queue before the others come, or one of these would be let in too.
                var queue = pollfd(fd: own, events: Int16(POLLIN), revents: 0)
                if poll(&queue, 1, 60_000) == 1 { isFull = true }
            }
        }
        self.descriptors = descriptors
        port = UInt16(bigEndian: address.sin_port)
        guard isFull else { throw Failure() }
    }

    func close() { for descriptor in descriptors { _ = Glibc.close(descriptor) } }

    private static func socket() -> CInt {
        Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
    }
}
