import Mail
import Net
import Synchronization

/// The worker's life as the daemon leads it. All of it runs on the resolver's loop.
extension Resolver {
    /// A worker that said it is ready, and what it said since.
    struct Ready: Sendable {
        let worker: WorkerProcess
        var reader: FrameReader
        let library: String
    }

    /// How long a worker may leave our octets unread before it counts as hung.
    static let writeTimeout: Duration = .seconds(2)

    // MARK: One worker after the other

    /// Serves with one worker after the other until the resolver is closed or its loop stops.
    func supervise(_ first: Ready) async {
        var next: Result<Ready, ResolverError> = .success(first)
        var delay = RestartDelay()
        while !isClosed {
            let began = Deadline.now
            let reason: String
            var wasReady = false
            switch next {
            case .success(let ready):
                wasReady = true
                reason = await serve(ready)
            case .failure(let error):
                reason = error.description
            }
            let lived = Duration.nanoseconds(Int64(clamping: Deadline.now.nanoseconds &- began.nanoseconds))
            let wait = delay.afterDeath(wasReady: wasReady, lived: lived)
            let isHopeless = delay.failedStarts >= Self.startAttemptLimit
            enter(isHopeless ? .failedAtStart(reason: reason) : .restarting(reason: reason, attempts: delay.deaths))
            let words = "the resolver process died: \(reason)"
            settle(lookups.withLock { $0.workerDied(words, willReturnSoon: !isHopeless) })
            guard await pause(wait) else { break }
            next = await relaunch()
        }
        if case .success(let ready) = next { _ = await ready.worker.end() }
        enter(.closed)
        settle(lookups.withLock { $0.workerDied("the resolver is closed", willReturnSoon: false) })
        sending.ring()
    }

    /// Serves until the worker ends, and says why it did.
    private func serve(_ ready: Ready) async -> String {
        let worker = ready.worker
        lookups.withLock { $0.workerServes(at: .now) }
        enter(.running(pid: worker.child.pid, library: ready.library))
        sending.ring()
        await receive(ready)
        current.withLock { $0 = nil }
        return await worker.end()
    }

    var isClosed: Bool { phase.withLock { $0 == .closed } }

    /// Changes the state, except that closed stays closed.
    private func enter(_ state: ResolverState) {
        phase.withLock { if $0 != .closed { $0 = state } }
    }

    /// Waits before a restart; false where the resolver was closed or the loop stopped.
    private func pause(_ time: Duration) async -> Bool {
        do throws(SocketError) {
            let end = Deadline.after(time)
            while !isClosed {
                guard try await closing.wait(until: end) else { return true }
            }
            return false
        } catch {
            return false
        }
    }

    private func relaunch() async -> Result<Ready, ResolverError> {
        do throws(ResolverError) {
            return .success(try await launch())
        } catch {
            return .failure(error)
        }
    }

    // MARK: The start of one

    private enum Greeting {
        case ready(String)
        case refused(String)
        case ended
        case late
    }

    /// Starts a process, tells it the settings and waits until it is ready. On the loop's thread.
    func launch() async throws(ResolverError) -> Ready {
        if let excess = settings.excess { throw .settingsRefused(excess) }
        let worker = try WorkerProcess.spawn(program, arguments, on: loop)
        // From here on close() reaches it.
        current.withLock { $0 = worker }
        var reader = FrameReader()
        let greeting = await greet(worker, &reader, until: .after(Self.startTimeout))
        if case .ready(let library) = greeting { return Ready(worker: worker, reader: reader, library: library) }
        current.withLock { $0 = nil }
        let reason = await worker.end()
        switch greeting {
        case .refused(let words): throw .settingsRefused(words)
        case .late: throw .notReadyInTime
        case .ended, .ready: throw .workerDied(reason)
        }
    }

    private func greet(_ worker: WorkerProcess, _ reader: inout FrameReader, until: Deadline) async -> Greeting {
        do throws(SocketError) {
            try await worker.stream.write(DaemonMessage.settings(settings).frame, until: until)
            while true {
                if let message = next(worker, &reader) {
                    switch message {
                    case .ready(let library): return .ready(library)
                    case .refused(let reason): return .refused(reason)
                    case .answer:
                        worker.giveUp("it answered before it was asked")
                        return .ended
                    }
                }
                guard case .bytes = try await worker.stream.fill(until: until) else { return .ended }
                reader.append(worker.stream.takeBuffered())
            }
        } catch {
            if case .expired = error { return .late }
            return .ended
        }
    }

    // MARK: Serving

    /// Takes answers until the worker ends, breaks the protocol, or is given up.
    private func receive(_ ready: Ready) async {
        let worker = ready.worker
        var reader = ready.reader
        do throws(SocketError) {
            while true {
                while let message = next(worker, &reader) {
                    guard take(message, from: worker) else { return }
                }
                guard case .bytes = try await worker.stream.fill(until: .never) else { return }
                reader.append(worker.stream.takeBuffered())
            }
        } catch {
            // Closed is our own doing, and a reset is how a death shows when it left questions unread.
            if case .system(let errno) = error { worker.giveUp("its socket failed: \(errno)") }
        }
    }

    /// The next message; nil where octets are missing. A payload that is no message ends the worker.
    private func next(_ worker: WorkerProcess, _ reader: inout FrameReader) -> WorkerMessage? {
        do throws(WireError) {
            guard let payload = try reader.next() else { return nil }
            return try WorkerMessage(payload: payload)
        } catch {
            worker.giveUp("it broke the protocol: \(error)")
            return nil
        }
    }

    private func take(_ message: WorkerMessage, from worker: WorkerProcess) -> Bool {
        do throws(WorkerFault) {
            let (settled, hasUnsent) = try lookups.withLock { (lookups) throws(WorkerFault) in
                (try lookups.received(message, at: .now), lookups.hasUnsent)
            }
            if let settled { settle([settled]) }
            if hasUnsent { sending.ring() }
            return true
        } catch {
            worker.giveUp("it broke the protocol: \(error)")
            return false
        }
    }

    /// Sends what the book of lookups has for the worker, and settles what ran into its deadline. Lives as long as the
    /// resolver.
    func sendAndExpire() async {
        while !isClosed {
            let (settled, octets, isHung, next) = lookups.withLock { lookups in
                let settled = lookups.expire(at: .now)
                return (settled, lookups.takeUnsent(), lookups.takeHung(at: .now), lookups.nextDeadline)
            }
            settle(settled)
            let worker = current.withLock { $0 }
            if isHung { worker?.giveUp("it hangs") }
            do throws(SocketError) {
                if octets.isEmpty {
                    _ = try await sending.wait(until: next)
                } else if let worker {
                    await send(octets, to: worker)
                }
            } catch {
                return
            }
        }
    }

    private func send(_ octets: [UInt8], to worker: WorkerProcess) async {
        do throws(SocketError) {
            try await worker.stream.write(octets, until: .after(Self.writeTimeout))
        } catch {
            // Where the worker died by itself, that is the reason; what it left unread says nothing new.
            if case .expired = error { worker.giveUp("it reads no questions") }
        }
    }
}
