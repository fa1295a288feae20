@testable import Mail

/// A client session with the events of a host, and its actions as short texts.
struct ClientDriver {
    var session: ClientSession
    private(set) var finished: SessionResult?
    /// Results handed over at the end of each transaction.
    private(set) var transactions: [[RecipientResult]] = []
    private(set) var isReusable = true

    init(
        to recipients: [String] = ["a@b.example"], from reversePath: String = "<s@t.example>", size: Int = 100,
        has8bit: Bool = false, level: TLSRequirement.Level = .none, by basis: TLSRequirement.Basis? = nil,
        requireTLS: TLSRequirement.RequireTLSUse = .no,
        security: ClientSession.TLSStart = .startTLS, credentials: Credentials? = nil, demand: MessageDemand = .ordinary
    ) throws {
        session = ClientSession(
            hostname: .name(try DomainName("relay.example")),
            requirement: TLSRequirement(
                level: level, by: basis, dane: nil, requireTLS: requireTLS, serverName: nil, reason: Explanation("test")
            ),
            security: security, credentials: credentials,
            first: try Self.transaction(
                to: recipients, from: reversePath, size: size, has8bit: has8bit, demand: demand))
    }

    static func transaction(
        to recipients: [String] = ["a@b.example"], from reversePath: String = "<s@t.example>", size: Int = 100,
        has8bit: Bool = false, demand: MessageDemand = .ordinary
    ) throws -> ClientTransaction {
        ClientTransaction(
            reversePath: try ReversePath(parsing: reversePath.utf8),
            recipients: try recipients.map { Envelope.Recipient(try Mailbox(parsing: $0.utf8)) }, size: size,
            has8bit: has8bit,
            demand: demand)
    }

    /// What the session does upon `event`: the octets it sends with `|` for CRLF, or the action's name.
    mutating func on(_ event: ClientSession.Event) -> String {
        switch session.handle(event) {
        case .read(let wait): return "read \(wait)"
        case .send(let bytes, let wait):
            let text = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n").joined(separator: "|")
            return wait == .command ? text : "\(text) \(wait)"
        case .startTLS: return "startTLS"
        case .judge(let evidence): return "judge \(Self.name(evidence))"
        case .sendContent: return "content"
        case .finishTransaction(let results, let reusable):
            transactions.append(results)
            isReusable = reusable
            return "done " + results.map(Self.describe).joined(separator: ", ")
        case .finish(let result):
            finished = result
            return "finish " + result.results.map(Self.describe).joined(separator: ", ")
        }
    }

    /// One reply as it comes over the wire.
    mutating func reply(_ text: String, pendingBytes: Int = 0) -> String {
        var parser = ReplyParser()
        parser.append((text + "\r\n").utf8)
        do throws(ReplyError) {
            guard let reply = try parser.next() else { return "incomplete" }
            return on(.replied(reply, pendingBytes: pendingBytes))
        } catch {
            return on(.malformedReply(error))
        }
    }

    /// Several replies; what the session does upon the last.
    mutating func replies(_ texts: String...) -> String {
        var last = ""
        for text in texts { last = reply(text) }
        return last
    }

    /// Up to the first EHLO reply, with these service extensions.
    mutating func hello(_ extensions: String...) -> String { hello(extensions) }

    mutating func hello(_ extensions: [String]) -> String {
        _ = on(.connected)
        _ = reply("220 mx.example")
        return reply(Self.ehlo(extensions))
    }

    /// Up to the EHLO reply inside TLS that was found good, with these service extensions; the handshake comes by STARTTLS.
    mutating func secureHello(_ extensions: String...) -> String { secureHello(extensions) }

    mutating func secureHello(_ extensions: [String]) -> String {
        _ = hello("STARTTLS")
        _ = reply("220 go")
        _ = on(.secured(Self.facts))
        _ = on(.mayProceed)
        return reply(Self.ehlo(extensions))
    }

    static let facts = TLSSessionFacts(
        version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", resumed: false, verification: .unverified,
        certificate: nil)

    static func ehlo(_ extensions: [String]) -> String {
        (["mx.example"] + extensions).enumerated()
            .map { "250" + ($0.offset == extensions.count ? " " : "-") + $0.element }.joined(separator: "\r\n")
    }

    static func describe(_ result: RecipientResult) -> String {
        switch result {
        case .settled(.delivered(let reply)): "delivered \(reply.code)"
        case .settled(.deferred(let reason, let reply)): "deferred \(reason.cause.rawValue)\(code(reply))"
        case .settled(.bounced(let reason, let reply)): "bounced \(reason.cause.rawValue)\(code(reply))"
        case .tryNextHost(let reason, let reply): "next-host \(reason.cause.rawValue)\(code(reply))"
        case .nextTransaction: "again"
        }
    }

    private static func code(_ reply: Reply?) -> String {
        reply.map { " \($0.code)" } ?? ""
    }

    private static func name(_ evidence: PeerEvidence) -> String {
        switch evidence {
        case .startTLSNotOffered: "not offered"
        case .startTLSRefused(let reply): "refused \(reply.code)"
        case .cleartextAfterStartTLS: "cleartext"
        case .handshakeFailed(let failure): "failed \(failure.kind)"
        case .established: "established"
        }
    }
}
