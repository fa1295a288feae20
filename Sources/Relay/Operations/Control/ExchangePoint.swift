import Net

/// Where the daemon answers short questions in HTTP, within bounds that no client can move: one question and one answer for
/// each connection. Shared by ``ControlServer`` and ``MetricsServer``.
///
/// At most ``connectionLimit`` connections are served at once, the others wait in the backlog; a head has at most
/// ``ControlRequest/headLimit`` octets and a deadline. While others wait, who is silent gives up its place
/// (``SilentConnections``): a crowd that says nothing keeps nobody from an answer.
struct ExchangePoint: Sendable {
    /// Connections served at once.
    static let connectionLimit = 32

    let loop: Loop
    let listener: Listener

    /// Serves until the task is cancelled or the listener is closed. Where it cannot accept any more, `failed` hears why, and
    /// it ends. `serve` calls `heard` once the request has come whole.
    func run(
        failed: @Sendable (SocketError) -> Void,
        serve: @escaping @Sendable (Net.Stream, _ heard: @escaping @Sendable () -> Void) async -> Void
    ) async {
        await withTaskExecutorPreference(loop) {
            await withTaskCancellationHandler {
                await acceptAll(failed, serve)
            } onCancel: {
                listener.close()
            }
        }
    }

    /// A task of the group that ended.
    private enum Ended {
        case served
        /// The oldest silent connection was asked to go.
        case asked
    }

    private func acceptAll(
        _ failed: (SocketError) -> Void,
        _ serve: @escaping @Sendable (Net.Stream, _ heard: @escaping @Sendable () -> Void) async -> Void
    ) async {
        let silent = SilentConnections()
        await withTaskGroup(of: Ended.self) { group in
            var open = 0
            var isAsking = false
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
                while open >= Self.connectionLimit {
                    // Some of them may have ended meanwhile: nobody makes room where there is some.
                    if !isAsking, silent.served >= Self.connectionLimit, let wait = silent.wait() {
                        isAsking = true
                        group.addTask {
                            await Loop.rest(wait)
                            silent.askOldest(whereServed: Self.connectionLimit)
                            return .asked
                        }
                    }
                    switch await group.next() {
                    case .served?: open -= 1
                    case .asked?: isAsking = false
                    case nil: open = 0
                    }
                }
                open += 1
                silent.add(stream)
                group.addTask {
                    await withTaskCancellationHandler {
                        await serve(stream) { silent.heard(stream) }
                    } onCancel: {
                        stream.close()
                    }
                    silent.ended(stream)
                    return .served
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
        /// It was silent, and others wait.
        case displaced
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
            } catch .interrupted {
                return .displaced
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
