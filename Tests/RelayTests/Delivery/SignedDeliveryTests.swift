import Mail
import Net
import Store
import Testing

@testable import Relay

/// What goes over the wire is what was signed (DKIM-13).
@Suite("Signed deliveries", .timeLimit(.minutes(10)))
struct SignedDeliveryTests {
    /// What a peer receives of `content` with `fields` above it: dot-stuffing undone.
    private func received(_ content: DeliveryContent) async throws -> [UInt8] {
        let loop = try Loop(name: "delivery")
        try loop.start()
        defer { loop.shutdown() }
        return try await loop.run {
            let pair = try Net.Stream.pair(on: loop)
            let stream = pair.stream
            let other = try Net.Stream(adopting: pair.takeOther(), on: loop)
            async let read = Self.readAll(other)
            let sent = await content.send(over: stream, blockTimeout: .seconds(60), until: .after(.seconds(300)))
            guard case .sent = sent else {
                Issue.record("\(sent)")
                stream.close()
                return []
            }
            stream.close()
            return Self.unstuffed(await read)
        }
    }

    /// RFC 5321 §4.5.2, octet by octet.
    private static func unstuffed(_ wire: [UInt8]) -> [UInt8] {
        guard wire.suffix(3).elementsEqual(".\r\n".utf8) else { return [] }
        var content: [UInt8] = []
        var isLineStart = true
        for octet in wire.dropLast(3) {
            if isLineStart, octet == UInt8(ascii: ".") {
                isLineStart = false
                continue
            }
            content.append(octet)
            isLineStart = octet == UInt8(ascii: "\n")
        }
        return content
    }

    private static func readAll(_ stream: Net.Stream) async -> [UInt8] {
        var all: [UInt8] = []
        while let piece = try? await stream.read(upTo: 65_536, until: .after(.seconds(300))) { all += piece }
        return all
    }

    @Test("DKIM-13 DKIM-17 What the peer receives verifies: leading dots, from memory, row and file")
    func verifies() async throws {
        let folder = try PolicyFolder()
        let store = try folder.open()
        let world = try SigningWorld("s1.d.example rsa", "e1.d.example")
        let signer = world.signer(store)
        for size in [1, 100_000] {
            let body = String(repeating: ".\r\n..dots\r\n.x\r\nplain text\r\n", count: size) + "\r\n\r\n"
            let content = SignedMail.text("a@d.example", body)
            for memory in [content, nil] {
                let queued = try await SignedMail.queue(content, in: store)
                guard case .signed(let fields) = await signer.sign(try SignedMail.job(queued, memory)) else {
                    Issue.record("not signed")
                    return
                }
                let octets = try await received(
                    DeliveryContent(message: queued.message, memory: memory, store: store, fields: fields))
                #expect(octets == fields + content)
                #expect(try SignedMail.verify(octets, world).map(\.verdict) == [.pass, .pass])
            }
        }
    }
}
