import Mail
import Testing

@testable import DNS

private func question(_ name: String, _ type: RecordType) throws -> Asked {
    Asked(Question(try DomainName(name), type))
}

@Suite("The protocol between daemon and worker")
struct WireTests {
    static let alias = try? DomainName("alias.example")
    static let longName = String(repeating: "a23456789.", count: 25) + "abc"

    static let daemonMessages: [DaemonMessage] = [
        .settings(ResolverSettings()),
        .settings(
            ResolverSettings(
                trustAnchorFile: "", rootHintsFile: "/etc/ö.hints", forwarders: ["192.0.2.1", "2001:db8::1@5353"],
                options: [UnboundOption("local-data:", #""a.example. TXT \"x\"""#), UnboundOption("verbosity:", "0")])),
        .ask(id: 1, Asked(root: .dnskey)),
        .cancel(id: .max),
    ]

    static let workerMessages: [WorkerMessage] = [
        .ready(library: "1.17.1"),
        .refused("module-config: nonsense: syntax error"),
        .answer(id: 7, Asked(root: .ns), Finding(.noData, .secure, timeToLive: 86_400)),
        .answer(id: 8, Asked(root: .a), Finding(.noSuchName, .insecure)),
        .answer(id: 9, Asked(root: .a), Finding(.records([[127, 0, 0, 1]]), .insecure, canonicalName: alias)),
        // RDATA of 0 octets reaches us, and its reader judges it.
        .answer(id: 10, Asked(root: .tlsa), Finding(.records([[], [3], [3, 1, 1]]), .secure, timeToLive: 1)),
        .answer(id: 11, Asked(root: .txt), Finding(.records([[UInt8](repeating: 7, count: 65_535)]), .secure)),
        .answer(id: 12, Asked(root: .a), Finding(.failed("SERVFAIL"), .failed)),
        .answer(id: 13, Asked(root: .a), Finding(.failed("signature expired"), .bogus, timeToLive: 5)),
    ]

    /// All payloads of `octets`, fed in portions of `size`.
    private func payloads(_ octets: [UInt8], by size: Int) throws -> [ArraySlice<UInt8>] {
        var reader = FrameReader()
        var found: [ArraySlice<UInt8>] = []
        var rest = octets[...]
        while !rest.isEmpty {
            reader.append(rest.prefix(size))
            rest = rest.dropFirst(size)
            while let payload = try reader.next() { found.append(payload) }
        }
        #expect(reader.heldCount == 0)
        return found
    }

    @Test("What the daemon says is what the worker reads", arguments: daemonMessages)
    func daemon(_ message: DaemonMessage) throws {
        for size in [1, 3, 1 << 20] {
            let read = try payloads(message.frame + message.frame, by: size).map { try DaemonMessage(payload: $0) }
            #expect(read == [message, message])
        }
    }

    @Test("What the worker says is what the daemon reads", arguments: workerMessages)
    func worker(_ message: WorkerMessage) throws {
        for size in [1, 7, 1 << 20] {
            let read = try payloads(message.frame + message.frame, by: size).map { try WorkerMessage(payload: $0) }
            #expect(read == [message, message])
        }
    }

    @Test("The longest name goes both ways")
    func longest() throws {
        let asked = try question(Self.longName, .txt)
        #expect(asked.nameText.utf8.count == DomainName.lengthLimit)
        let frame = DaemonMessage.ask(id: 1, asked).frame
        #expect(try DaemonMessage(payload: frame[4...]) == .ask(id: 1, asked))
        let finding = Finding(.noData, .secure, canonicalName: asked.name)
        let answer = WorkerMessage.answer(id: 1, asked, finding).frame
        #expect(try WorkerMessage(payload: answer[4...]) == .answer(id: 1, asked, finding))
    }

    @Test("Every message cut short anywhere, or with an octet too many, is refused", arguments: workerMessages)
    func cut(_ message: WorkerMessage) throws {
        let payload = message.frame[4...]
        let step = max(1, payload.count / 500)
        for count in stride(from: 0, to: payload.count - 1, by: step) {
            switch message {
            // A counted string says its length, so a cut one is always seen.
            default: #expect(throws: WireError.self) { try WorkerMessage(payload: payload.prefix(count)) }
            }
        }
        #expect(throws: WireError.leftOver(1)) { try WorkerMessage(payload: payload + [0]) }
    }

    struct Hostile: Sendable, CustomTestStringConvertible {
        let payload: [UInt8]
        let error: WireError
        let why: String
        var testDescription: String { why }
        init(_ payload: [UInt8], _ error: WireError, _ why: String) {
            self.payload = payload
            self.error = error
            self.why = why
        }
    }

    private static let head: [UInt8] = [1, 0x83, 0, 0, 0, 0, 0, 0, 0, 7]
    private static let rootA: [UInt8] = head + [0, 1, 0, 1, 0x2E]
    private static let noTTLNoAlias: [UInt8] = [0, 0, 0, 0, 0, 0]

    static let hostile: [Hostile] = [
        Hostile([], .cutShort, "nothing"),
        Hostile([2, 0x81, 0, 0], .wrongVersion(2), "another version"),
        Hostile([1, 0x84, 0, 0], .unknownKind(0x84), "a kind nobody knows"),
        Hostile([1, 1, 0, 0], .unknownKind(1), "a message of the other direction"),
        Hostile(head + [0, 99, 0, 1, 0x2E], .outOfBounds("record type"), "a type never asked for"),
        Hostile(head + [0, 1, 0, 0], .outOfBounds("name"), "an empty name"),
        Hostile(head + [0, 1, 0, 3, 0x61, 0, 0x62], .outOfBounds("name"), "a NUL in the name"),
        Hostile(head + [0, 1, 0xFF, 0xFF], .outOfBounds("name"), "a name of 65,535 octets"),
        Hostile(rootA + [0] + noTTLNoAlias + [1], .outOfBounds("security"), "security 0"),
        Hostile(rootA + [5] + noTTLNoAlias + [1], .outOfBounds("security"), "security 5"),
        Hostile(rootA + [1, 0, 0, 0, 0, 0, 1, 0x20, 1], .outOfBounds("canonical name"), "an alias that is no name"),
        Hostile(rootA + [1] + noTTLNoAlias + [9], .unknownKind(9), "a result nobody knows"),
        Hostile(rootA + [1] + noTTLNoAlias + [0, 0, 0], .outOfBounds("number of records"), "records, none of them"),
        Hostile(rootA + [1] + noTTLNoAlias + [0, 3, 0xE9], .outOfBounds("number of records"), "1,001 records"),
        Hostile(rootA + [1] + noTTLNoAlias + [0, 0, 1, 0, 4, 1], .cutShort, "a record longer than the payload"),
        Hostile(rootA + [1] + noTTLNoAlias + [3, 0, 0], .outOfBounds("security of a failure"), "a secure failure"),
        Hostile(rootA + [3] + noTTLNoAlias + [1], .outOfBounds("security of an answer"), "a bogus answer"),
        Hostile(rootA + [4] + noTTLNoAlias + [2], .outOfBounds("security of an answer"), "a failed NXDOMAIN"),
    ]

    @Test("SEC-05 Hostile payloads are refused", arguments: hostile)
    func refuses(_ row: Hostile) {
        #expect(throws: row.error) { try WorkerMessage(payload: row.payload[...]) }
    }

    @Test("A frame has 128 KiB at most, and is refused by its length alone")
    func frameLimit() throws {
        var reader = FrameReader()
        reader.append([0, 2, 0, 0])
        #expect(try reader.next() == nil)
        reader.append([UInt8](repeating: 1, count: WireLimit.frame))
        #expect(try reader.next()?.count == WireLimit.frame)
        reader.append([0, 2, 0, 1])
        #expect(throws: WireError.frameTooLong(WireLimit.frame + 1)) { try reader.next() }
        var empty = FrameReader()
        empty.append([0, 0, 0, 1])
        #expect(throws: WireError.emptyFrame) { try empty.next() }
    }

    @Test("An answer of 1,000 records or 64 KiB passes; one more is failed, with the limit as reason")
    func answerLimit() throws {
        func sent(_ records: [[UInt8]]) throws -> Finding? {
            let frame = WorkerMessage.answer(id: 1, Asked(root: .a), Finding(.records(records), .secure)).frame
            #expect(frame.count <= 4 + WireLimit.frame)
            guard case .answer(_, _, let finding) = try WorkerMessage(payload: frame[4...]) else { return nil }
            return finding
        }
        let record: [UInt8] = [1, 2, 3, 4]
        #expect(try sent(Array(repeating: record, count: 1_000))?.security == .secure)
        #expect(try sent(Array(repeating: record, count: 1_001))?.security == .failed)
        let half = [UInt8](repeating: 0, count: 32 * 1024)
        #expect(try sent([half, half])?.security == .secure)
        let over = try sent([half, half, [0]])
        #expect(over?.result == .failed("an answer of 65537 octets, more than 65536"))
    }

    @Test("A reason of the worker is printable ASCII of 512 octets at most")
    func reasons() throws {
        let long = String(repeating: "ä\u{1B}[2J", count: 400)
        let frame = WorkerMessage.refused(long).frame
        guard case .refused(let reason) = try WorkerMessage(payload: frame[4...]) else {
            Issue.record("not refused")
            return
        }
        #expect(reason.utf8.count == WireLimit.reason)
        #expect(reason.utf8.allSatisfy { (0x20...0x7E).contains($0) })
    }

    @Test("Settings that do not fit are named before they are sent")
    func excess() {
        var settings = ResolverSettings()
        #expect(settings.excess == nil)
        settings.options = Array(repeating: UnboundOption("a:", "b"), count: WireLimit.options)
        #expect(settings.excess == nil)
        settings.options.append(UnboundOption("a:", "b"))
        #expect(settings.excess == "more than 500 unbound options")
        settings.options = [UnboundOption("a:", String(repeating: "x", count: WireLimit.optionValue + 1))]
        #expect(settings.excess?.hasPrefix("a value of more than 4096 octets") == true)
        settings.options = Array(
            repeating: UnboundOption("a:", String(repeating: "x", count: WireLimit.optionValue)), count: 32)
        #expect(settings.excess == "settings of more than 131072 octets")
        settings.options = []
        settings.forwarders = Array(repeating: "::1", count: WireLimit.forwarders + 1)
        #expect(settings.excess == "more than 32 forwarders")
    }
}
