import Net

/// Where the daemon answers short questions in HTTP, within bounds that no client can move: one question and one answer for
/// each connection. Shared by ``ControlServer`` and ``MetricsServer``.
///
/// At most ``connectionLimit`` connections are served at once, the others wait in the backlog; a head has at most
/// ``ControlRequest/headLimit`` octets and a deadline.
struct ExchangePoint: Sendable {
    /// Connections served at once.
    static let connectionLimit = 32

    let loop: Loop
    let listener: Listener

    /// Serves until the task is cancelled or the listener is closed. Where it cannot accept any more, `failed` hears why, and
    /// it ends.
    func run(
        failed: @Sendable (SocketError) -> Void, serve: @escaping @Sendable (Net.Stream) async -> Void
    ) async {
        await withTaskExecutorPreference(loop) {
            await withTaskCancellationHandler {
                await acceptAll(failed, serve)
            } onCancel: {
                listener.close()
            }
        }
    }

    private func acceptAll(
        _ failed: (SocketError) -> Void, _ serve: @escaping @Sendable (Net.Stream) async -> Void
    ) async {
        await withTaskGroup(of: Void.self) { group in
            var open = 0
            while true {
                let stream: Net.Stream
                do throws(SocketError) {
                    stream = try await listener.accept()
                } catch {
                    if case .closed = error { break }
                    failed(error)
                    listener.close()
                    break
                }
                while open >= Self.connectionLimit, await group.next() != nil { open -= 1 }
                open += 1
                group.addTask {
                    await withTaskCancellationHandler {
                        await serve(stream)
                    } onCancel: {
                        stream.close()
                    }
                }
            }
            group.cancelAll()
        }
    }

    /// What came instead of, or as, the head of a request.
    enum Head {
        /// With what of the body came along.
        case octets([UInt8], rest: [UInt8])
        /// The client went away.
        case gone
        case tooLate
        case tooLarge
    }

    /// Reads up to the empty line.
    static func head(from stream: Net.Stream, until deadline: Deadline) async -> Head {
        var octets: [UInt8] = []
        while true {
            let searched = octets.count
            do throws(SocketError) {
                // One more than allowed, to see that it is too much.
                let room = ControlRequest.headLimit + 1 - octets.count
                guard let more = try await stream.read(upTo: room, until: deadline) else { return .gone }
                octets += more
            } catch .expired {
                return .tooLate
            } catch {
                return .gone
            }
            if let end = ControlRequest.endOfHead(in: octets, searched: searched), end <= ControlRequest.headLimit {
                return .octets(Array(octets[..<end]), rest: Array(octets[end...]))
            }
            if octets.count > ControlRequest.headLimit { return .tooLarge }
        }
    }
}
