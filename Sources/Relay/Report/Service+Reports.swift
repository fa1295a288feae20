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
        guard let settings = reports else {
            log.event(
                .notice,
                LogLine("reports-off").with(
                    "missing",
                    configuration.tlsrpt.missing(configuration.dkim, at: Self.clock()).joined(separator: "; ")))
            return
        }
        let bell = bell(on: loop)
        let (resolver, client, dispatcher) = (resolver, https, dispatcher)
        let store = store
        let post = ReportPost(
            resolve: { await resolver.resolve($0) }, request: { await client.send($0) },
            write: { octets, name, folder in
                do throws(StoreError) {
                    try await store.writeFile(octets, named: name, in: folder)
                    return nil
                } catch {
                    return error
                }
            }, settings: settings)
        var dispatch = ReportDispatch(
            store: store, settings: settings, record: { await resolver.tlsrpt(of: $0) },
            post: { await post.send($0, of: $1, to: $2) }, submit: { await dispatcher.submit($0) },
            routing: routing, log: log, clock: Self.clock)
        dispatch.metrics = counters.metrics
        await ReportRun(
            store: store, settings: settings, dispatch: dispatch, log: log, clock: Self.clock,
            keep: configuration.tlsrpt.keep.components.seconds
        ).run(until: bell)
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

    /// Looks every key up before mail needs it, so that the operator hears at start and not with the first letter.
    func watchKeys(on loop: Loop) async {
        guard !signer.watch.ring.isEmpty else { return }
        for warning in configuration.dkim.beginningWarnings(at: Self.clock()) {
            log.event(.warning, LogLine("dkim-key-not-begun").with("reason", warning))
        }
        let bell = bell(on: loop)
        while !Task.isCancelled {
            for index in signer.watch.ring.keys.indices {
                if Task.isCancelled { return }
                _ = await signer.watch.publication(index)
            }
            guard let rang = try? await bell.wait(until: .after(configuration.dkim.checkInterval)), !rang else {
                return
            }
        }
    }

    private func bell(on loop: Loop) -> Alarm {
        let bell = Alarm(on: loop)
        reportBells.withLock { $0.append(bell) }
        return bell
    }
}
