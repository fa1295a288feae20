import Fuzzing

@testable import Mail

extension Target {
    /// The two state machines, fed what comes in any order.
    static let sessions: [Target] = [
        Target("client") { octets in
            var walk = ClientWalk(octets)
            walk.run()
        },
        Target("server") { octets in
            var walk = ServerWalk(octets)
            walk.run()
        },
    ]
}

/// A host that answers whatever it likes, whenever it likes. Each octet chooses the next event; what follows it up to the line's end is
/// what the host says.
struct ClientWalk {
    private var rest: ArraySlice<UInt8>
    private let level: TLSRequirement.Level
    private var session: ClientSession
    private var recipients = 0
    /// The verdict on what the host showed was good, since TLS last began.
    private var isJudged = false
    private var isSecured = false

    init(_ octets: [UInt8]) {
        rest = octets[...]
        let kind = rest.popFirst() ?? 0
        level = TLSRequirement.Level.allCases[Int(kind & 3)]
        let first = Self.transaction(Int(kind >> 4))
        recipients = first?.recipients.count ?? 0
        session = ClientSession(
            hostname: MailDomain.name(Self.name),
            requirement: TLSRequirement(level: level, by: nil, serverName: nil, reason: Explanation("fuzz")),
            security: kind & 4 == 0 ? .startTLS : .implicitTLS,
            credentials: kind & 8 == 0 ? nil : Credentials(user: "u", password: "p"), first: first)
    }

    mutating func run() {
        var action = session.handle(.connected)
        while let event = check(action) { action = session.handle(event) }
    }

    /// What must hold of an action, and what happens next; nil at the end.
    private mutating func check(_ action: ClientSession.Action) -> ClientSession.Event? {
        switch action {
        case .finish(let result):
            Target.must(result.results.isEmpty || result.results.count == recipients, "results for others")
            return nil
        case .send(let octets, _):
            Target.must(octets.suffix(2) == [13, 10], "a command without its end")
            let lines = octets.split(separator: 10).map(Array.init)
            Target.must(
                lines.allSatisfy { $0.last == 13 && !$0.dropLast().contains(13) }, "a command with a line end within")
            if lines.contains(where: { $0.starts(with: Array("MAIL".utf8)) }) { mayWrite("MAIL") }
            return happening()
        case .sendContent:
            mayWrite("content")
            return happening()
        case .startTLS:
            isJudged = false
            return happening()
        case .judge(let evidence):
            return verdict(on: evidence)
        case .finishTransaction(let results, let isReusable):
            Target.must(results.count == recipients, "\(results.count) results for \(recipients) recipients")
            recipients = 0
            guard isReusable, let next = Self.transaction(Int(rest.popFirst() ?? 0) & 7) else {
                return .noTransactionLeft
            }
            recipients = next.recipients.count
            return .transactionGiven(next)
        case .read:
            return happening()
        }
    }

    private func mayWrite(_ what: String) {
        if level >= .encrypted { Target.must(isSecured && isJudged, "\(what) before the host has shown what it must") }
    }

    /// As the shell judges: what is demanded must be there.
    private mutating func verdict(on evidence: PeerEvidence) -> ClientSession.Event {
        var isFit = level < .encrypted
        if case .established = evidence { isFit = true }
        guard isFit, rest.first != 0 else { return .mustAbandon(Reason(.tlsHandshakeFailed, "fuzz")) }
        isJudged = true
        return .mayProceed
    }

    private mutating func happening() -> ClientSession.Event? {
        guard let choice = rest.popFirst() else { return .connectionLost }
        switch choice & 15 {
        case 0...8: return replied()
        case 9:
            isSecured = true
            return .secured(Self.facts)
        case 10: return .tlsFailed(HandshakeFailure(.negotiation, text: "fuzz"))
        case 11: return .contentSent
        case 12: return .contentFailed(Reason(.contentDamaged, "fuzz"))
        case 13: return .timedOut
        case 14: return .connectionLost
        default: return .mayProceed
        }
    }

    private mutating func replied() -> ClientSession.Event {
        var parser = ReplyParser()
        while true {
            do throws(ReplyError) {
                if let reply = try parser.next() { return .replied(reply, pendingBytes: Int(rest.popFirst() ?? 0) & 3) }
            } catch {
                return .malformedReply(error)
            }
            if rest.isEmpty { return .connectionLost }
            let end = rest.firstIndex(of: 10).map { $0 + 1 } ?? rest.endIndex
            parser.append(rest[..<end])
            rest = rest[end...]
        }
    }

    private static let name = Target.needed(try? DomainName("relay.example"))
    private static let facts = TLSSessionFacts(
        version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", resumed: false, verification: .unverified,
        certificate: nil)

    /// Nil for none.
    private static func transaction(_ count: Int) -> ClientTransaction? {
        let recipients = (0..<count).compactMap { number in
            (try? Mailbox(parsing: "r\(number)@b.example".utf8)).map { Envelope.Recipient($0) }
        }
        guard count > 0, let path = try? ReversePath(parsing: "<s@a.example>".utf8) else { return nil }
        return ClientTransaction(
            reversePath: path, recipients: recipients, size: 1000, has8bit: count & 1 == 1,
            demand: MessageDemand.allCases[count % MessageDemand.allCases.count])
    }
}
