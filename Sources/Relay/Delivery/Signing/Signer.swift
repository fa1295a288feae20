import DNS
import Logging
import Mail
import Net
import Store
import Synchronization
import TLS

/// Signs mail on its way out (RFC 6376): chooses the keys, hashes the content as it streams by, and makes the fields that go
/// above it. The content itself is never changed.
struct Signer: Sendable {
    /// What becomes of one message.
    enum Signing: Sendable {
        /// No key is for it, or it is signed already: it passes untouched.
        case untouched
        /// Whole DKIM-Signature fields, to go above everything else (DKIM-17).
        case signed([UInt8])
        /// Not now.
        case wait(Reason)
        /// Never.
        case refused(Reason)
    }

    let watch: KeyWatch
    let store: any QueueStore
    /// `dkim.unsignable`
    let unsignable: Configuration.UnsignableUse
    let clock: @Sendable () -> WallTime
    let log: Logger
    private let made = MadeSignatures()

    init(
        watch: KeyWatch, store: any QueueStore, unsignable: Configuration.UnsignableUse,
        clock: @escaping @Sendable () -> WallTime, log: Logger
    ) {
        self.watch = watch
        self.store = store
        self.unsignable = unsignable
        self.clock = clock
        self.log = log
    }

    private var ring: KeyRing { watch.ring }

    /// The signatures of the message of `job`, the same for each of its destinations.
    func sign(_ job: Job) async -> Signing {
        guard !ring.isEmpty else { return passed(job, "there is no key") }
        let now = clock()
        if let fields = made.fields(of: job.message.number, at: now) { return .signed(fields) }
        do {
            let content = SignedContent(message: job.message, memory: job.content, store: store)
            let head = try await content.head(atLeast: DKIMSignable.headerLimit + 1)
            let signable: DKIMSignable
            do throws(DKIMUnsignable) { signable = try DKIMSignable(reading: head) } catch {
                return unsigned(job, error)
            }
            guard let author = try? DomainName(idna: signable.authorDomain) else { return .untouched }
            let near = ring.near(author)
            if near.isEmpty { return passed(job, "there is no key of \(author)") }
            return try await sign(job, content, head, signable, author, near, at: now)
        } catch let error as StoreError {
            if case .damaged(let why) = error {
                return .refused(Reason(.contentDamaged, "the stored content is damaged: \(why)"))
            }
            return .wait(Reason(.localFailure, "the content could not be read for signing: \(error)"))
        } catch {
            return .wait(Reason(.localFailure, "the message could not be signed: \(error)"))
        }
    }

    private func sign(
        _ job: Job, _ content: SignedContent, _ head: [UInt8], _ signable: DKIMSignable, _ author: DomainName,
        _ near: [Int], at now: WallTime
    ) async throws -> Signing {
        let keys = near.map { ring.keys[$0] }
        let candidates = DKIMKeyChoice.candidates(keys, author: author, isReport: job.message.kind == .report, at: now)
        guard let domain = candidates.first?.first?.first.map({ keys[$0].domain }) else {
            return passed(job, "no key of \(author) has begun")
        }
        // Signed by whoever handed it to us: a second signature of the same domain says nothing more.
        if signable.isSigned(for: domain) { return .untouched }
        var publications: [Int: DKIMPublication] = [:]
        for index in candidates.joined().joined() { publications[index] = await watch.publication(near[index]) }
        let choice = DKIMKeyChoice(candidates, keys: keys, unpublished: ring.unpublished) { index in
            publications[index] ?? .unknown("was not looked up")
        }
        switch choice {
        case .none:
            return passed(job, "there is no key of \(author)")
        case .wait(let why):
            return waiting(why)
        case .unsigned(let why) where job.message.kind == .report:
            return waiting(why)
        case .unsigned(let why):
            log.event(
                .error,
                LogLine("dkim-unsigned").with("queue_id", job.message.id).with("domain", domain).with("reason", why))
            return .untouched
        case .sign(let chosen):
            let hash = try await content.bodyHash(from: signable.bodyOffset)
            var fields: [UInt8] = []
            for index in chosen {
                let key = keys[index]
                let privateKey = ring.privateKeys[near[index]]
                let terms = try DKIMTerms(
                    signingDomain: key.domain, selector: key.selector, algorithm: privateKey.algorithm, time: now)
                let plan = DKIMSigningPlan(signable, of: head, terms: terms)
                let signature = try privateKey.sign(plan.input(bodyHash: hash.digest))
                fields += plan.field(bodyHash: hash.digest, signature: signature)
            }
            made.keep(fields, of: job.message.number, at: now)
            return .signed(fields)
        }
    }

    /// Mail that no key is for. A report must be signed (RFC 8460 §3): whoever gets an unsigned one ignores it (RPTF-16).
    private func passed(_ job: Job, _ why: String) -> Signing {
        job.message.kind == .report ? waiting(why) : .untouched
    }

    private func waiting(_ why: String) -> Signing {
        .wait(Reason(.dkimUnpublished, "the mail waits for its DKIM key: \(why)"))
    }

    /// A message that cannot be signed, where one of our domains has a part in it (DKIM-22).
    private func unsigned(_ job: Job, _ why: DKIMUnsignable) -> Signing {
        var domains: [DomainName] = []
        if case .mailbox(let sender) = job.message.reversePath, case .name(let name) = sender.domain {
            domains.append(name)
        }
        if case .severalDomains(let first, let second) = why {
            domains += [first, second].compactMap { try? DomainName(idna: $0) }
        }
        let isReport = job.message.kind == .report
        let now = clock()
        guard
            let domain = domains.first(where: { domain in
                let keys = ring.near(domain).map { ring.keys[$0] }
                return !DKIMKeyChoice.candidates(keys, author: domain, isReport: isReport, at: now).isEmpty
            })
        else { return .untouched }
        log.event(
            .warning,
            LogLine("dkim-unsigned").with("queue_id", job.message.id).with("domain", domain).with("reason", why.words))
        switch unsignable {
        case .pass: return .untouched
        case .bounce:
            return .refused(Reason(.dkimUnsignable, "mail of \(domain) must be signed, and cannot be: \(why.words)"))
        }
    }
}

/// The content of a message as it is signed: from memory, or from the store in pieces.
struct SignedContent: Sendable {
    let message: StoredMessage
    let memory: [UInt8]?
    let store: any QueueStore

    /// The start of the content: `count` octets, or all of it.
    func head(atLeast count: Int) async throws(StoreError) -> [UInt8] {
        if let memory { return memory }
        var head: [UInt8] = []
        let reader = try await store.content(of: message)
        while head.count < count, let piece = try await reader.next() {
            head += piece
            // The empty line ends the header section (RFC 5322 §2.1): no more is needed.
            if HeaderSection(reading: head).bodyOffset != nil { break }
        }
        return head
    }

    /// What stands in `bh=`, with the body's octets read a piece at a time.
    func bodyHash(from offset: Int) async throws -> DKIMBodyHash {
        if let memory { return try Self.bodyHash(of: memory, from: offset) }
        let reader = try await store.content(of: message)
        var digest = try DKIMBodyDigest.begin(.relaxed)
        var skipped = 0
        while let piece = try await reader.next() {
            let skip = min(max(0, offset - skipped), piece.count)
            skipped += skip
            try piece.withBytes { (bytes) throws(TLSError) in
                try digest.update(UnsafeRawBufferPointer(rebasing: bytes.dropFirst(skip)))
            }
        }
        return try digest.finish()
    }

    private static func bodyHash(of content: [UInt8], from offset: Int) throws(TLSError) -> DKIMBodyHash {
        var digest = try DKIMBodyDigest.begin(.relaxed)
        try content.withBytes { (bytes) throws(TLSError) in
            try digest.update(UnsafeRawBufferPointer(rebasing: bytes.dropFirst(offset)))
        }
        return try digest.finish()
    }
}

/// Signatures made a short while ago, for the other destinations of a message and for its next attempts. Safe from any
/// thread.
final class MadeSignatures: Sendable {
    /// Messages.
    static let limit = 2_000
    /// Seconds for which a signature is used again: key rotation is slower.
    static let age: Int64 = 3_600

    private struct Made {
        let fields: [UInt8]
        let at: WallTime
    }

    private let table = Mutex<[MessageNumber: Made]>([:])

    func fields(of message: MessageNumber, at now: WallTime) -> [UInt8]? {
        table.withLock { table in
            guard let made = table[message], made.at <= now, now.seconds - made.at.seconds < Self.age else {
                return nil
            }
            return made.fields
        }
    }

    func keep(_ fields: [UInt8], of message: MessageNumber, at now: WallTime) {
        table.withLock { table in
            // Now and then all of them: each is only worth one signature.
            if table.count >= Self.limit { table.removeAll(keepingCapacity: true) }
            table[message] = Made(fields: fields, at: now)
        }
    }
}
