import Foundation
import Glibc
import Synchronization
import Testing

/// A resolver of the test's own on a UDP port of 127.0.0.1, to be forwarded to: it answers what the test says, with the
/// flags that the test says, and remembers the questions.
final class ScriptedForwarder: Sendable {
    /// Flags of a reply: QR, RD, RA.
    static let plain: UInt16 = 0x8180
    static let authenticData: UInt16 = 0x0020
    static let checkingDisabled: UInt16 = 0x0010

    /// RCODE 2.
    static let serverFailure: UInt16 = 0x0002

    struct Script: Sendable {
        /// What is answered by `name type`; nothing is NODATA.
        var records: [String: [Record]] = [:]
        var flags = ScriptedForwarder.plain
    }

    struct Record: Sendable {
        /// In wire form; nil for the name of the question.
        var owner: [UInt8]?
        let type: UInt16
        let data: [UInt8]

        init(_ type: UInt16, _ data: [UInt8], owner: [UInt8]? = nil) {
            (self.owner, self.type, self.data) = (owner, type, data)
        }
    }

    struct Asked: Sendable, Hashable {
        let name: String
        let type: UInt16
        let flags: UInt16
    }

    let port: UInt16
    private let socket: Int32
    private let state = Mutex<(script: Script, asked: [Asked], isClosed: Bool)>((Script(), [], false))

    /// Milliseconds after which the thread looks whether it is to end.
    private static let turn: Int32 = 50

    init(_ script: Script) throws {
        let descriptor = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        try #require(descriptor >= 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        try #require(isBound)
        socket = descriptor
        port = UInt16(bigEndian: address.sin_port)
        state.withLock { $0.script = script }
        Thread.detachNewThread { [self] in serve() }
    }

    var script: Script {
        get { state.withLock { $0.script } }
        set { state.withLock { $0.script = newValue } }
    }

    var asked: [Asked] { state.withLock { $0.asked } }

    func close() { state.withLock { $0.isClosed = true } }

    private func serve() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !state.withLock({ $0.isClosed }) {
            var wanted = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            guard poll(&wanted, 1, Self.turn) > 0 else { continue }
            var peer = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            withUnsafeMutablePointer(to: &peer) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { peer in
                    let count = recvfrom(socket, &buffer, buffer.count, 0, peer, &length)
                    guard count > 12, let reply = reply(to: Array(buffer.prefix(count))) else { return }
                    _ = sendto(socket, reply, reply.count, 0, peer, length)
                }
            }
        }
        _ = Glibc.close(socket)
    }

    /// Nil for what is no question.
    private func reply(to query: [UInt8]) -> [UInt8]? {
        var labels: [String] = []
        var place = 12
        while place < query.count, query[place] != 0 {
            let end = place + 1 + Int(query[place])
            guard end < query.count else { return nil }
            labels.append(String(decoding: query[(place + 1)..<end], as: UTF8.self).lowercased())
            place = end
        }
        guard place + 5 <= query.count else { return nil }
        let type = UInt16(query[place + 1]) << 8 | UInt16(query[place + 2])
        let name = labels.isEmpty ? "." : labels.joined(separator: ".")
        let flags = UInt16(query[2]) << 8 | UInt16(query[3])
        let script = state.withLock { state in
            state.asked.append(Asked(name: name, type: type, flags: flags))
            return state.script
        }
        let records = script.records["\(name) \(type)"] ?? []
        // One question, no authority, and an OPT record that says DO (RFC 6891 §6.1).
        var reply = Array(query[0..<2]) + octets(script.flags | flags & Self.checkingDisabled) + octets(1)
        reply += octets(UInt16(records.count)) + octets(0) + octets(1)
        reply += query[12..<(place + 5)]
        for record in records {
            // A pointer to the name of the question; class IN, TTL 300.
            reply += (record.owner ?? [0xC0, 12]) + octets(record.type) + octets(1) + octets(0) + octets(300)
            reply += octets(UInt16(record.data.count)) + record.data
        }
        return reply + [0] + octets(41) + octets(1232) + octets(0) + octets(0x8000) + octets(0)
    }

    private func octets(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(truncatingIfNeeded: value)] }
}
