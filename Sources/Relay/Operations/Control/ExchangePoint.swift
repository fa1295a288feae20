import Net

/// Where the daemon answers short questions in HTTP, within bounds that no client can move: one question and one answer for
/// each connection. Shared by ``ControlServer`` and ``MetricsServer``.
///
/// At most ``connectionLimit`` connections are served at once, the others wait in the backlog; a head has at most
/// ``ControlRequest/headLimit`` octets and a deadline. While others wait, who is silent gives up its place
/// (``ServedConnections``): a crowd that says nothing keeps nobody from an answer, nor does one that asked and went away.
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

    private func acceptAll(
        _ failed: (SocketError) -> Void,
        _ serve: @escaping @Sendable (Net.Stream, _ heard: @escaping @Sendable () -> Void) async -> Void
    ) async {
        let connections = ServedConnections()
        let room = Alarm(on: loop)
        await withDiscardingTaskGroup { group in
            while let stream = await next(failed) {
                await waitForRoom(room, among: connections)
                connections.add(stream)
                group.addTask {
                    await withTaskCancellationHandler {
                        await serve(stream) { connections.heard(stream) }
                    } onCancel: {
                        stream.close()
                    }
                    connections.ended(stream)
                    room.ring()
                }
            }
            group.cancelAll()
        }
    }

    /// nil where there is no next one.
    private func next(_ failed: (SocketError) -> Void) async -> Net.Stream? {
        do throws(SocketError) {
            return try await listener.accept()
        } catch {
            if case .closed = error { return nil }
            failed(error)
            listener.close()
            return nil
        }
    }

    /// Until fewer than ``connectionLimit`` are served. Who was asked to go has ``ServedConnections/grace`` to do so before another is.
    /// A task that is cancelled cancels those it waits for, and so ends.
    private func waitForRoom(_ room: Alarm, among connections: ServedConnections) async {
        var asked = Deadline(nanoseconds: 0)
        while connections.count >= Self.connectionLimit {
            connections.freeGone()
            if connections.count < Self.connectionLimit { return }
            let end = max(connections.patienceEnd, asked.advanced(by: ServedConnections.grace))
            do throws(SocketError) {
                // Nobody tells of a client that goes away while the store hangs: it is looked for.
                if try await room.wait(until: min(end, .after(ServedConnections.grace))) { continue }
            } catch {
                // The loop has stopped, and with it all of them.
                return
            }
            guard end.hasPassed else { continue }
            connections.askOldest()
            asked = .now
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
