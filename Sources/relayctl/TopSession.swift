import Dispatch
import Glibc
import Mail
import Relay

/// A live view on the terminal, until somebody has seen enough.
struct TopSession {
    let client: DaemonClient
    let limit: Int
    let seconds: Int64

    private enum Event: Sendable {
        case key(UInt8)
        case resized
        case due
        case seen(TopSnapshot, ContinuousClock.Instant)
        case failed(Failure)
        case ended
    }

    /// Events that wait: what a person types while the daemon is slow.
    private static let eventLimit = 64

    func run(_ first: TopState) async throws {
        var state = first
        let (events, feed) = AsyncStream.makeStream(
            of: Event.self, bufferingPolicy: .bufferingNewest(Self.eventLimit))
        // The terminal first: from here on it is restored, whatever happens.
        guard let screen = Screen() else {
            throw Failure(.unexpected, "the terminal cannot be set up: \(String(cString: strerror(errno)))")
        }
        defer { screen.restore() }
        let sources = Self.sources(feed, seconds: Int(clamping: seconds))
        defer {
            for source in sources { source.cancel() }
            for number in Self.signals { signal(number, SIG_DFL) }
        }
        var isLooking = false
        try draw(state, on: screen)
        for await event in events {
            switch event {
            case .key(let key): if !state.press(key) { return }
            case .ended: return
            case .resized: break
            case .due:
                // One look at a time: a slow daemon is not asked more often for it.
                if !isLooking {
                    isLooking = true
                    look(feed)
                }
                continue
            case .seen(let snapshot, let time):
                isLooking = false
                state.see(snapshot, at: time)
            case .failed(let failure):
                isLooking = false
                state.fail(failure)
            }
            try draw(state, on: screen)
        }
    }

    /// Asks beside the keys, so that q ends it however long the daemon takes.
    private func look(_ feed: AsyncStream<Event>.Continuation) {
        Task { [client, limit] in
            do throws(Failure) {
                let snapshot = try await client.top(limit)
                feed.yield(.seen(snapshot, .now))
            } catch {
                feed.yield(.failed(error))
            }
        }
    }

    private func draw(_ state: TopState, on screen: Screen) throws(Failure) {
        let size = Screen.size()
        var style = TextStyle.standardOutput()
        style.width = size.columns
        try screen.show(
            TopText.frame(
                state.snapshot, rates: state.rates, order: state.order, columns: size.columns, rows: size.rows,
                notice: state.notice, now: .system, style: style))
    }

    private static let signals = [SIGINT, SIGTERM, SIGHUP, SIGWINCH]

    /// Keys, signals and the clock, as events.
    private static func sources(
        _ feed: AsyncStream<Event>.Continuation, seconds: Int
    ) -> [any DispatchSourceProtocol] {
        var sources: [any DispatchSourceProtocol] = []
        for number in signals {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { _ = feed.yield(number == SIGWINCH ? .resized : .ended) }
            sources.append(source)
        }
        let keys = DispatchSource.makeReadSource(fileDescriptor: STDIN_FILENO, queue: .global())
        keys.setEventHandler {
            var octets = [UInt8](repeating: 0, count: 32)
            let count = read(STDIN_FILENO, &octets, octets.count)
            if count < 0, errno == EINTR || errno == EAGAIN { return }
            // A terminal that is gone has no keys any more.
            if count <= 0 { feed.yield(.ended) }
            for key in octets.prefix(max(0, count)) { feed.yield(.key(key)) }
        }
        sources.append(keys)
        let clock = DispatchSource.makeTimerSource(queue: .global())
        clock.schedule(deadline: .now() + .seconds(seconds), repeating: .seconds(seconds))
        clock.setEventHandler { _ = feed.yield(.due) }
        sources.append(clock)
        for source in sources { source.resume() }
        return sources
    }
}
