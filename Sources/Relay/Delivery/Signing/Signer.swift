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
        if let made = made.signatures(of: job.message.number, at: now), await watch.allPublished(made.keys) {
            return .signed(made.fields)
        }
        do {
            let content = SignedContent(message: job.message, memory: job.content, store: store)
            let head = try await content.head(atLeast: DKIMSignable.readLimit)
            let signable: DKIMSignable
            do throws(DKIMUnsignable) { signable = try DKIMSignable(reading: head) } catch {
                return unsigned(job, head, error)
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
        switch await watch.choice(candidates, of: near) {
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
                fields += try ring.privateKeys[near[index]].field(
                    signing: signable, of: head, hash, domain: key.domain, selector: key.selector, at: now)
            }
            made.keep(fields, by: chosen.map { near[$0] }, of: job.message.number, at: now)
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
    private func unsigned(_ job: Job, _ head: [UInt8], _ why: DKIMUnsignable) -> Signing {
        var domains: [DomainName] = []
        if case .mailbox(let sender) = job.message.reversePath, case .name(let name) = sender.domain {
            domains.append(name)
        }
        if case .severalDomains(let first, let second) = why {
            domains += [first, second].compactMap { try? DomainName(idna: $0) }
        }
        // Whoever is named as author in any of them: two From fields are how one is passed off as the other.
        for field in HeaderSection(reading: head).fields(named: "From") {
            guard let domain = try? DKIMAuthor.domain(of: head[field.value]) else { continue }
            if let name = try? DomainName(idna: domain) { domains.append(name) }
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
