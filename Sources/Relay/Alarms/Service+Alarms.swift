import DNS
import HTTPS
import Logging
import Mail
import Net
import Store
import Synchronization
import TLS

/// The alarms of the daemon: what it watches of its own, and how they follow the configuration.
extension Service {
    /// Between two looks at our own keys, certificates and addresses for reports.
    static let ownPause: Duration = .seconds(10)
    /// Between two looks in the store at addresses that refuse reports: a walk through an index.
    static let addressPause: Duration = .seconds(300)
    /// Addresses that refuse reports, told one by one.
    static let addressLimit = 100
    /// Lookups that failed within one pause, and more than answered: the resolver's self-test is asked again at once.
    static let doubtfulLookups = 3

    var alarmCount: AlarmCountView {
        let standing = ground.alarms.standing
        return AlarmCountView(
            standing: standing.count, unacknowledged: standing.count { $0.acknowledgedAt == nil })
    }

    /// What keeps alarms and tells them, until it is cancelled.
    func alarmTasks(on loop: Loop) -> [Task<Void, Never>] {
        let alarms = ground.alarms
        return [Task(executorPreference: loop) { await alarms.run(on: loop) }]
            + AlarmHook.Way.allCases.map { way in
                Task(executorPreference: loop) { [hostname, log] in
                    await alarms.hook.run(way, of: alarms, hostname: hostname, on: loop, log: log)
                }
            }
    }

    func adoptAlarms(_ configuration: Configuration) {
        ground.alarmWatch.adopt(
            port: configuration.delivery.port, thresholds: AlarmThresholds(configuration.alarm))
        ground.alarms.adopt(AlarmBook.Terms(configuration.alarm))
        ground.alarms.hook.adopt(alarmHook(configuration))
    }

    func alarmHook(_ configuration: Configuration) -> AlarmHook.Terms {
        var terms = AlarmHook.Terms(command: AlarmCommand(configuration.alarm.command))
        if let uri = configuration.alarm.post, case .success(let endpoint) = ReportEndpoint.read(uri: uri) {
            terms.post = AlarmPost(
                resolve: { [resolver = ground.resolver] in await resolver.value.resolve($0) },
                request: { [https = ground.https] in await https.value.send($0) },
                endpoint: endpoint, trust: HTTPSRequest.Trust(configuration.tls.trust))
        }
        return terms
    }

    /// What the resolver's self-test says (SEC-07). Two alarms: one is about all mail, the other about what DANE is worth.
    func tellAlarms(of status: ValidationStatus?) {
        let alarms = ground.alarms
        switch status {
        case nil: break
        case .validates:
            alarms.clear(.resolverFails, of: "", because: "the self-test passes")
            alarms.clear(.resolverDoesNotValidate, of: "", because: "the self-test passes")
        case .doesNotValidate(let why):
            alarms.clear(.resolverFails, of: "", because: "names are answered")
            alarms.raise(.resolverDoesNotValidate, of: "", why)
        case .noNetwork(let why):
            // Nothing is known of validation: what was said of it stands.
            alarms.raise(.resolverFails, of: "", why)
        }
    }

    /// Looks after our own keys, certificates and addresses for reports; at once where the configuration is another.
    func watchOwn(on loop: Loop) async {
        let bell = bell(on: loop, isForReload: true)
        var sinceAddresses = Self.addressPause
        var before = resolver.counters
        while !Task.isCancelled {
            tellCertificates()
            await tellKeys()
            await clearSuspects()
            sinceAddresses += Self.ownPause
            if sinceAddresses >= Self.addressPause {
                sinceAddresses = .zero
                await tellReportAddresses()
            }
            before = doubtResolver(since: before)
            guard (try? await bell.wait(until: .after(Self.ownPause))) != nil else { return }
        }
    }

    /// A good self-test is not repeated for an hour: where lookups begin to fail it is.
    private func doubtResolver(since before: ResolverCounters) -> ResolverCounters {
        let now = resolver.counters
        let failed = now.failedLookups + now.bogusLookups - before.failedLookups - before.bogusLookups
        let answered =
            now.secure + now.insecure + now.absent - before.secure - before.insecure - before.absent
        if failed >= Self.doubtfulLookups, failed > answered, case .validates = validation.status {
            validation.alarm.withLock { $0 }?.ring()
        }
        return now
    }

    func tellCertificates() {
        let now = Self.clock()
        let alarms = ground.alarms
        let margin = configuration.alarm.certificateBefore.components.seconds
        var subjects: Set<String> = []
        for entrance in current.value.settings.entrances {
            guard let file = entrance.listener.certificatePath, let end = entrance.tls?.notAfter else { continue }
            subjects.insert(file)
            if end <= now {
                alarms.raise(.certificateExpiring, of: file, "it expired at \(end.rfc3339)")
            } else if end <= now.advanced(by: margin) {
                alarms.raise(.certificateExpiring, of: file, "it ends at \(end.rfc3339)")
            } else {
                alarms.clear(.certificateExpiring, of: file, because: "it holds until \(end.rfc3339)")
            }
        }
        alarms.clear(.certificateExpiring, exceptOf: subjects, because: "no listener has it any more")
    }

    private func tellKeys() async {
        let alarms = ground.alarms
        let watch = signer.watch
        for (index, publication) in await watch.publicationsSeen.sorted(by: { $0.key < $1.key }) {
            guard watch.ring.keys.indices.contains(index) else { continue }
            let name = watch.ring.keys[index].recordName
            switch publication {
            case .published: alarms.clear(.dkimKeyFailing, of: name, because: "its record is published")
            // Not to be had just now is no fault of the record.
            case .unknown: break
            default:
                if let obstacle = publication.obstacle { alarms.raise(.dkimKeyFailing, of: name, "it \(obstacle)") }
            }
        }
        alarms.clear(
            .dkimKeyFailing, exceptOf: Set(watch.ring.keys.map(\.recordName)), because: "the key is gone")
    }

    private func tellReportAddresses() async {
        guard let refused = try? await store.suppressions(at: Self.clock(), limit: Self.addressLimit) else { return }
        let alarms = ground.alarms
        var subjects: Set<String> = []
        for one in refused {
            let subject = "\(one.uri) of \(one.domain)"
            subjects.insert(subject)
            alarms.raise(.reportAddressFailing, of: subject, one.words)
        }
        // Of more than these it is not known.
        if refused.count < Self.addressLimit {
            alarms.clear(.reportAddressFailing, exceptOf: subjects, because: "it is no longer left alone")
        }
    }
}

/// What the control socket shows of alarms.
extension Service {
    /// How long an answer waits for the disk. Ours.
    private static let keepPatience: Duration = .seconds(5)

    public func alarms(_ query: AlarmQuery) async throws -> AlarmsView {
        let alarms = ground.alarms
        let isKept = await alarms.written(within: Self.keepPatience)
        let standing = alarms.standing
        let count = alarmCount
        var views = query.standing == false || query.before != nil ? [] : standing.map(AlarmView.init)
        var next: Int64?
        if query.standing != true {
            let page = try await alarms.disk.page(before: query.before, limit: query.limit)
            views += page.filter { !$0.isStanding }.map(AlarmView.init)
            next = page.count < query.limit ? nil : page.last?.number
        }
        return AlarmsView(
            alarms: views, standing: count.standing, unacknowledged: count.unacknowledged, kept: isKept, next: next)
    }

    public func acknowledgeAlarm(_ number: Int64, words: String?) async throws -> AlarmView? {
        guard let alarm = ground.alarms.acknowledge(number, words: words) else { return nil }
        guard await ground.alarms.written(within: Self.keepPatience) else {
            throw ServiceError.store("it is noted, but not on disk: the store does not take it")
        }
        return AlarmView(alarm)
    }
}
