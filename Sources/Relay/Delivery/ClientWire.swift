import Mail
import Net
import TLS

/// What a client's session needs of its stream: commands out, whole replies in, TLS between. It holds no knowledge of mail, and
/// judges nothing.
///
/// Used by one task on the stream's loop.
final class ClientWire {
    /// What TLS sessions are made with.
    struct Security: Sendable {
        let contexts: ClientContexts
        let trust: TrustStores
        let identities: ClientIdentities
        var resumption: Resumption?
    }

    let stream: Net.Stream
    /// Set once TLS has begun, also where the handshake failed: it may have seen a certificate.
    private(set) var tls: TLSSession?
    private var parser = ReplyParser()
    /// TLS 1.3 servers send session tickets first, and then the reply to EHLO.
    private var awaitsTickets = false

    init(_ stream: Net.Stream) {
        self.stream = stream
    }

    /// One reply, with one deadline for the whole of it: a peer that dribbles gains nothing.
    func reply(until deadline: Deadline) async -> ClientSession.Event {
        while true {
            do throws(ReplyError) {
                if let reply = try parser.next() {
                    return .replied(reply, pendingBytes: parser.pendingBytes + stream.bufferedCount)
                }
            } catch {
                return .malformedReply(error)
            }
            if awaitsTickets {
                awaitsTickets = false
                stream.acknowledgeAtOnce()
            }
            do throws(SocketError) {
                if stream.bufferedCount == 0, try await stream.fill(until: deadline) == .end { return .connectionLost }
            } catch {
                return Self.event(error)
            }
            stream.withBuffer { bytes in
                parser.append(bytes)
                return (consumed: bytes.count, ())
            }
        }
    }

    /// Writes `bytes`; nil where they are on their way.
    func send(_ bytes: [UInt8], until deadline: Deadline) async -> ClientSession.Event? {
        do throws(SocketError) {
            try await stream.write(bytes, until: deadline)
            return nil
        } catch {
            return Self.event(error)
        }
    }

    /// Shakes hands as `requirement` asks. What was read before in clear is forgotten.
    func secure(
        _ requirement: TLSRequirement, with security: Security, until deadline: @autoclosure () -> Deadline
    ) async -> ClientSession.Event {
        let made: Result<TLSSession, HandshakeFailure>? = stream.withDescriptor { descriptor in
            do throws(TLSError) {
                return .success(
                    try TLSSession(
                        client: security.contexts[requirement], descriptor: descriptor, requirement: requirement,
                        resumption: security.resumption, trust: security.trust, identities: security.identities))
            } catch {
                return .failure(HandshakeFailure(.ours, text: error.text))
            }
        }
        switch made {
        case nil: return .connectionLost
        case .failure(let failure): return .tlsFailed(failure)
        case .success(let session):
            parser = ReplyParser()
            tls = session
            switch await stream.secure(with: session, until: deadline()) {
            case .failure(let failure): return .tlsFailed(failure)
            case .success(let facts):
                awaitsTickets = true
                return .secured(facts)
            }
        }
    }

    /// Closes, with a word inside TLS where there is TLS (TLS-13).
    func close() async {
        if let tls, tls.facts != nil { await stream.closeNotify(tls, within: .seconds(1)) }
        stream.close()
    }

    static func event(_ error: SocketError) -> ClientSession.Event {
        if case .expired = error { return .timedOut }
        return .connectionLost
    }
}
