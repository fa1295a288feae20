import Mail
import Net
import TLS

/// Moves a stream's bytes through a TLS session. `Net` knows no OpenSSL and `TLS` no stream: they meet here.
final class TLSTransport: Transport {
    let session: TLSSession

    init(_ session: TLSSession) {
        self.session = session
    }

    func receive(into buffer: UnsafeMutableRawBufferPointer) -> TransferResult {
        do throws(TLSError) {
            switch try session.read(into: buffer) {
            case .read(let count): return .bytes(count)
            case .wantRead: return .wantRead
            case .wantWrite: return .wantWrite
            case .closed: return .end
            // Anybody may have cut the connection here: what was read is not to be trusted as whole (TLS-13).
            case .truncated: return .failed(Truncated())
            }
        } catch {
            return .failed(error)
        }
    }

    func send(_ bytes: UnsafeRawBufferPointer) -> TransferResult {
        do throws(TLSError) {
            switch try session.write(from: bytes) {
            case .wrote(let count): return .bytes(count)
            case .wantRead: return .wantRead
            case .wantWrite: return .wantWrite
            }
        } catch {
            return .failed(error)
        }
    }

    /// The connection ended without close_notify.
    struct Truncated: Error {}
}

extension Net.Stream {
    /// Shakes hands over this stream, which then moves its bytes through the session.
    /// - Returns: how it ended; `.failed` with kind `timedOut` or `connectionLost` where the stream itself gave out.
    func secure(with session: TLSSession, until deadline: Deadline) async -> Result<TLSSessionFacts, HandshakeFailure> {
        var ended: Result<TLSSessionFacts, HandshakeFailure>?
        do throws(SocketError) {
            try await perform(until: deadline) {
                switch session.handshake() {
                case .wantRead: return .wantRead
                case .wantWrite: return .wantWrite
                case .done(let facts): ended = .success(facts)
                case .failed(let failure): ended = .failure(failure)
                }
                return .done
            }
        } catch {
            switch error {
            case .expired: return .failure(HandshakeFailure(.timedOut, text: "the TLS handshake took too long"))
            default: return .failure(HandshakeFailure(.connectionLost, text: "the connection ended in the handshake"))
            }
        }
        if case .success = ended { replaceTransport(TLSTransport(session)) }
        return ended ?? .failure(HandshakeFailure(.ours, text: "the handshake ended without a word"))
    }

    /// Says goodbye inside TLS as well (TLS-13), without waiting for the peer's word.
    func closeNotify(_ session: TLSSession?, within limit: Duration) async {
        guard let session else { return }
        try? await perform(until: .after(limit)) {
            do throws(TLSError) {
                switch try session.shutdown() {
                case .done: return .done
                case .wantRead: return .wantRead
                case .wantWrite: return .wantWrite
                }
            } catch {
                return .failed(error)
            }
        }
    }
}
