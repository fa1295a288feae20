import DNS
import HTTPS
import Logging
import Mail
import Net
import Store
import Synchronization

/// What the daemon does about reports and keys beside the way of a message.
extension Service {
    /// The daily reports; without `[tlsrpt]` nothing but what is missing is said, once.
    func sendReports(on loop: Loop) async {
        if reports == nil { tellReportsOff() }
        await ReportRun(store: store, terms: { self.reporting.value }, log: log, clock: Self.clock)
            .run(until: bell(on: loop, isForReload: false))
    }

    func tellReportsOff() {
        log.event(
            .notice,
            LogLine("reports-off").with(
                "missing",
                configuration.tlsrpt.missing(configuration.dkim, at: Self.clock()).joined(separator: "; ")))
    }

    /// Nil where reporting is off.
    func reportTerms(_ stations: Stations) -> ReportRun.Terms? {
        guard let settings = stations.settings.reports else { return nil }
        let (resolver, client, dispatcher) = (ground.resolver, ground.https.value, dispatcher)
        let store = store
        let post = ReportPost(
            resolve: { await resolver.value.resolve($0) }, request: { await client.send($0) },
            write: { octets, name, folder in
                do throws(StoreError) {
                    try await store.writeFile(octets, named: name, in: folder)
                    return nil
                } catch {
                    return error
                }
            }, settings: settings)
        var dispatch = ReportDispatch(
            store: store, settings: settings, record: { await resolver.value.tlsrpt(of: $0) },
            post: { await post.send($0, of: $1, to: $2) }, submit: { await dispatcher.submit($0) },
            terms: ground.queueTerms(stations.settings), log: log, clock: Self.clock)
        dispatch.metrics = counters.metrics
        return ReportRun.Terms(
            settings: settings, dispatch: dispatch,
            keep: stations.settings.configuration.tlsrpt.keep.components.seconds)
    }

    /// The socket of libtlsrpt; nil where none is configured, and where it cannot be opened: mail goes on without it.
    func listenForObservations(on loop: Loop) -> ObservationSource? {
        guard let path = configuration.tlsrpt.socket else { return nil }
        do throws(Errno) {
            return ObservationSource(
                socket: try DatagramSocket(on: loop, path: path), store: store, counters: observed, log: log,
                clock: Self.clock)
        } catch {
            let cure =
                switch error {
                case .noSuchFile: "create the folder and give it to the user of relayd, then restart relayd"
                case .addressInUse: "end what receives there, or remove what is no socket, then restart relayd"
                default: "correct tlsrpt.socket, see relayd --check, then restart relayd"
                }
            log.event(
                .error,
                LogLine("observations-off").with("path", path).with("reason", "\(error)").with("cure", cure))
            return nil
        }
    }

    /// The socket of libtlsrpt, and who reads it.
    struct Observing: Sendable {
        let path: String
        let source: ObservationSource
        let task: Task<Void, Never>
    }

    /// Listens at `path` and nowhere else; where it does so already, all stays as it is.
    func observe(_ path: String?) {
        let before = observing.withLock { observing -> Observing? in
            guard observing?.path != path else { return nil }
            defer { observing = nil }
            return observing
        }
        before?.source.socket.close()
        guard let path, observing.withLock({ $0 == nil }) else { return }
        let loop = loops.next()
        guard let source = listenForObservations(on: loop) else { return }
        let task = Task(executorPreference: loop) { await source.run() }
        observing.withLock { $0 = Observing(path: path, source: source, task: task) }
    }

    /// Listens for none any more.
    func endObserving() async {
        guard let last = observing.withLock({ $0 }) else { return }
        last.source.socket.close()
        await last.task.value
    }

    /// Looks every key up before mail needs it, so that the operator hears at start and not with the first letter. Anew where
    /// the keys are others.
    func watchKeys(on loop: Loop) async {
        let bell = bell(on: loop, isForReload: true)
        var told: [String] = []
        while !Task.isCancelled {
            let (watch, dkim) = (signer.watch, configuration.dkim)
            let warnings = dkim.beginningWarnings(at: Self.clock())
            for warning in warnings where !told.contains(warning) {
                log.event(.warning, LogLine("dkim-key-not-begun").with("reason", warning))
            }
            told = warnings
            for index in watch.ring.keys.indices {
                if Task.isCancelled { return }
                _ = await watch.publication(index)
            }
            guard (try? await bell.wait(until: .after(dkim.checkInterval))) != nil else { return }
        }
    }

    /// - Parameter isForReload: rung for new settings as well; whoever waits looks whether it is the end.
    func bell(on loop: Loop, isForReload: Bool) -> Alarm {
        let bell = Alarm(on: loop)
        if isForReload { bells.withLock { $0.append(bell) } } else { endBells.withLock { $0.append(bell) } }
        return bell
    }
}
