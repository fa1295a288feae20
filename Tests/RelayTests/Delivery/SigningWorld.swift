import Logging
import Mail
import Net
import Store
import Synchronization
import TLS
import Testing

@testable import Relay

/// Keys, the records that a test publishes for them, a store, and what time it is.
final class SigningWorld: Sendable {
    private struct State {
        var now = PolicyWorld.start
        var zone: [String: DKIMKeyLookup] = [:]
        var lookups: [String: Int] = [:]
        var gate: Latch<Bool>?
        var began: Latch<Bool>?
    }

    private let state = Mutex(State())
    let log = EventLog()
    let ring: KeyRing

    /// - Parameter texts: keys as ``key(_:)`` reads them.
    init(_ texts: String..., unpublished: DKIMUnpublished = .otherKey) throws {
        let keys = try texts.map(Self.key)
        ring = KeyRing(
            keys: keys.map(\.key), privateKeys: keys.map(\.privateKey), unpublished: unpublished)
        for index in ring.keys.indices { publish(index) }
    }

    /// `s1.d.example`, `s1.d.example rsa reports subdomains @10` (not before ten seconds from now); Ed25519 unless said.
    static func key(_ text: String) throws -> (key: DKIMKey, privateKey: DKIMPrivateKey) {
        let words = text.split(separator: " ").map(String.init)
        let name = try #require(words.first).split(separator: ".", maxSplits: 1).map(String.init)
        let privateKey = try words.contains("rsa") ? rsa() : DKIMPrivateKey(pem: DKIMPrivateKey.generate(.ed25519))
        let start = words.first { $0.hasPrefix("@") }.flatMap { Int64($0.dropFirst()) }
        return (
            DKIMKey(
                domain: try DomainName(name[1]), selector: try DomainName(name[0]), keyType: privateKey.keyType,
                notBefore: start.map { PolicyWorld.start.advanced(by: $0) },
                isForReports: words.contains("reports"), includesSubdomains: words.contains("subdomains")),
            privateKey
        )
    }

    /// Made once: RSA takes long.
    private static let madeRSA = Result { try DKIMPrivateKey(pem: DKIMPrivateKey.generate(.rsa2048)) }
    static func rsa() throws -> DKIMPrivateKey { try madeRSA.get() }

    // MARK: DNS

    func name(_ index: Int) -> String { "\(ring.keys[index].selector)._domainkey.\(ring.keys[index].domain)" }

    /// The right record of a key, with what a test adds.
    func record(_ index: Int, services: [String] = [], hashes: [String] = []) -> [UInt8] {
        let key = ring.privateKeys[index]
        return Array(
            DKIMKeyRecord(keyType: key.keyType, publicKey: key.publicKey, services: services, hashes: hashes).text.utf8)
    }

    func publish(_ index: Int) { set(index, .records([record(index)])) }
    func set(_ index: Int, _ lookup: DKIMKeyLookup) {
        let name = name(index)
        state.withLock { $0.zone[name] = lookup }
    }
    func lookups(_ index: Int) -> Int {
        let name = name(index)
        return state.withLock { $0.lookups[name] ?? 0 }
    }

    /// Lookups wait for `gate`; `began` opens with the first.
    func hold(_ gate: Latch<Bool>, began: Latch<Bool>) { state.withLock { ($0.gate, $0.began) = (gate, began) } }

    func advance(by seconds: Int64) { state.withLock { $0.now = $0.now.advanced(by: seconds) } }
    var now: WallTime { state.withLock { $0.now } }

    // MARK: What is tested

    func watch(every interval: Duration = .seconds(3600)) -> KeyWatch {
        KeyWatch(
            ring: ring, interval: interval, clock: { self.now }, log: log.logger,
            lookup: { name in
                let (gate, began) = self.state.withLock { state in
                    state.lookups[name.text, default: 0] += 1
                    return (state.gate, state.began)
                }
                began?.open(true)
                _ = await gate?.wait()
                return self.state.withLock { $0.zone[name.text] ?? .absent("no such name") }
            })
    }

    func signer(_ store: any QueueStore, unsignable: Configuration.UnsignableUse = .pass) -> Signer {
        Signer(watch: watch(), store: store, unsignable: unsignable, clock: { self.now }, log: log.logger)
    }
}

/// Mail in a store, as the signer gets it.
enum SignedMail {
    /// Puts `content` into the queue: in the row, or in a file where it is longer than that.
    static func queue(
        _ content: [UInt8], in store: SQLiteStore, kind: MessageKind = .mail, from sender: String = "a@d.example"
    ) async throws -> QueuedMessage {
        var generator = SystemRandomNumberGenerator()
        let id = QueueID(using: &generator)
        let stored: Content
        if content.count > QueueLimits.inlineContent {
            let writer = store.contentWriter(for: id)
            try await writer.append(content)
            stored = try await writer.finish()
        } else {
            stored = Content(bytes: content)
        }
        return try await store.enqueue([
            NewMessage(
                id: id, kind: kind, reversePath: .mailbox(try Mailbox(parsing: sender.utf8)),
                receivedAt: PolicyWorld.start, expiresAt: PolicyWorld.start.advanced(by: 86_400),
                digest: try SHA256Digest.digest(of: content), content: stored,
                recipients: [try recipient()])
        ])[0]
    }

    private static func recipient() throws -> NewRecipient {
        NewRecipient(
            try Mailbox(parsing: "b@r.example".utf8), destination: "r.example", nextAttempt: PolicyWorld.start,
            expiresAt: PolicyWorld.start.advanced(by: 86_400), lane: SenderLane(value: 1 << 62))
    }

    static func job(_ queued: QueuedMessage, _ memory: [UInt8]?) throws -> Job {
        try #require(Job.fresh(queued, of: [try recipient()], terms: .usual, content: memory).first)
    }

    static func text(_ from: String = "a@d.example", _ body: String = "Hello\r\n") -> [UInt8] {
        Array("From: \(from)\r\nTo: b@r.example\r\nSubject: x\r\nDate: now\r\n\r\n\(body)".utf8)
    }

    /// The results of all signatures of what is sent, from the top.
    static func verify(_ content: [UInt8], _ world: SigningWorld) throws -> [DKIMResult] {
        let verification = DKIMVerification(of: content, at: world.now)
        return try verification.checks.map { check in
            guard case .needsKey(let name) = check.step, let signature = check.signature else {
                return verification.result(
                    of: check, key: .absent(""), body: DKIMBodyHash(digest: [], length: 0), verify: DKIMPublicKey.check)
            }
            var digest = try DKIMBodyDigest.begin(signature.canonicalization.body, limit: signature.bodyLength)
            try digest.update(Array(content[verification.bodyOffset...]))
            let index = world.ring.keys.indices.first { world.name($0) == name.text }
            return verification.result(
                of: check, key: index.map { .records([world.record($0)]) } ?? .absent("no such name"),
                body: try digest.finish(), verify: DKIMPublicKey.check)
        }
    }
}
