import Logging
import Mail
import Net
import Store
import Synchronization
import TLS

/// Sends canaries when it is time (`[[canary]]`).
extension Service {
    /// Between two looks at what is due, where there are canaries at all.
    static let canaryPause: Duration = .seconds(1)

    func flyCanaries(on loop: Loop) async {
        let bell = bell(on: loop, isForReload: true)
        while !Task.isCancelled {
            let canaries = configuration.canaries
            ground.canaries.adopt(canaries, at: Self.clock())
            for order in ground.canaries.look(at: Self.clock()) {
                switch order {
                case .send(let canary): await send(canary)
                case .withdraw(let id, let canary): await withdraw(id, of: canary)
                }
            }
            let next: Deadline = canaries.isEmpty ? .never : .after(Self.canaryPause)
            guard (try? await bell.wait(until: next)) != nil else { return }
        }
    }

    private func send(_ canary: Canary) async {
        let now = Self.clock()
        var generator = SystemRandomNumberGenerator()
        let id = QueueID(using: &generator)
        // Before it is in the queue: it may be delivered before the commit is heard of here.
        ground.canaries.handle(.began(id), of: canary.name, at: now)
        if let shortage = room.shortage { return notSent(canary, room.words(of: shortage)) }
        let terms = terms
        let mail = CanaryMail(canary, hostname: hostname, date: now, id: id)
        let content = mail.content()
        let digest: [UInt8]
        do throws(TLSError) { digest = try SHA256Digest.digest(of: content) } catch {
            return notSent(canary, error.text)
        }
        let sender = ReversePath.mailbox(canary.sender)
        let expires = now.advanced(by: canary.within)
        let message = NewMessage(
            id: id, kind: .canary, reversePath: sender, receivedAt: now, expiresAt: expires, digest: digest,
            messageID: "<\(mail.messageID)>", content: Content(bytes: content),
            recipients: [
                // RFC 3461 §4.1: nobody on the way is to answer it either.
                terms.newRecipient(
                    Envelope.Recipient(canary.recipient, RecipientRequest(notify: [])), sender: sender,
                    demand: .ordinary, expires: expires, at: now)
            ])
        do throws(StoreError) {
            let queued = try await store.enqueue([message])
            counters.queueFlow.add(queued.count, ordering: .relaxed)
            log.event(
                .info,
                LogLine("canary-sent").with("canary", canary.name).with("queue_id", id)
                    .with("from", "<\(canary.sender)>").with("to", "<\(canary.recipient)>")
                    .with("expect", canary.expectation.rawValue).with("within", "\(canary.within)s"))
            for one in queued {
                await dispatcher.submit(Job.fresh(one, of: message.recipients, terms: terms, content: content))
            }
        } catch {
            notSent(canary, "\(error)")
        }
    }

    private func notSent(_ canary: Canary, _ why: String) {
        ground.canaries.handle(.notSent(why), of: canary.name, at: Self.clock())
    }

    /// What should have left the queue by itself: its destination is suspended, or somebody holds it.
    private func withdraw(_ id: QueueID, of canary: Canary) async {
        // Where it cannot be done now, the message ends by its own expiry.
        _ = try? await order(
            .delete, QueueSelectors(ids: [id]), dryRun: false, reason: "the time of canary \(canary.name) is over",
            cursor: nil)
    }
}
