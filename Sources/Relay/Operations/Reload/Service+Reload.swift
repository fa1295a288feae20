import DNS
import HTTPS
import Logging
import Mail
import Net
import Store
import Synchronization

/// Another configuration while the daemon runs (SIGHUP, `relayctl reload`): all of it or nothing.
///
/// First everything that can fail is done beside what runs: the file is read and checked, its files are loaded, new listeners
/// are opened, a new resolver is started. Only then is it put in place, which cannot fail. Sessions, deliveries and reports
/// under way keep the settings they began with.
extension Service {
    /// Reads the configuration again, and the files it names. One at a time; also says in the log what came of it.
    func readAgain() async -> ReloadResult {
        await reloads.run { await self.reloadNow() }
            ?? .refused([
                ConfigurationFault(
                    file: path ?? "", place: nil, key: "", problem: "the relay is stopping", cure: "Start it again")
            ])
    }

    /// What `relayctl reload` is answered.
    public func reload() async throws -> ReloadView {
        let result = await readAgain()
        return ReloadView(
            applied: result.applied, changed: result.changed, restartNeeded: result.restartNeeded,
            faults: result.faults.map(FaultView.init))
    }

    private func reloadNow() async -> ReloadResult {
        notices?.send(.reloading)
        defer { notices?.send(.ready) }
        let old = current.value
        let result: ReloadResult
        do throws(ConfigurationError) {
            let prepared = try await prepare(succeeding: old)
            await commit(prepared, succeeding: old)
            result = ReloadResult(
                applied: true, changed: prepared.changed, restartNeeded: prepared.change.restartNeeded, faults: [])
        } catch {
            result = .refused(error.faults)
        }
        result.tell(log)
        return result
    }

    /// Everything new, and nothing of it in use.
    struct Prepared {
        let change: ConfigurationChange
        let settings: Settings
        /// Keys, those of files that were renewed among them.
        let changed: [String]
        /// Nil where the old one stays.
        let resolver: Resolver?
        /// Nil where the old one stays.
        let https: HTTPSClient?
        let opened: IntakeServer.Opened

        /// Where DNS is asked in another way, it is proved anew that answers are validated.
        var asksAnew: Bool { changed.contains { $0.hasPrefix("dns.") } }
    }

    private func prepare(succeeding old: Stations) async throws(ConfigurationError) -> Prepared {
        guard let path else {
            throw ConfigurationError(faults: [
                ConfigurationFault(
                    file: "", place: nil, key: "", problem: "no file was named when the relay was started",
                    cure: "Start it with --config")
            ])
        }
        let written = try Configuration.load(path: path)
        let change = ConfigurationChange(from: old.settings.written, to: written)
        let settings = try Settings(change.configuration, hostname: hostname, succeeding: old.settings, log: log)
        let renewed = settings.files.renewed(since: old.settings.files)
        let before = old.settings.configuration
        var resolver: Resolver?
        if ResolverSettings(settings.configuration.dns) != ResolverSettings(before.dns)
            || renewed.contains(where: Self.isReadByResolver)
        {
            resolver = try await newResolver(settings.configuration)
        }
        do throws(ConfigurationError) {
            let https =
                settings.configuration.sts.fetches == before.sts.fetches ? nil : try newHTTPS(settings.configuration)
            // Last, so that nobody waits long at a door that nobody opens yet.
            return Prepared(
                change: change, settings: settings,
                changed: change.changed + renewed.filter { !change.changed.contains($0) }, resolver: resolver,
                https: https, opened: try await open(settings))
        } catch {
            await resolver?.close()
            throw error
        }
    }

    private func open(_ settings: Settings) async throws(ConfigurationError) -> IntakeServer.Opened {
        do throws(IntakeServer.ListenError) {
            return try await intake.open(settings.entrances, inherited)
        } catch {
            let error = wasRoot ? error.afterRoot : error
            throw ConfigurationError(faults: [settings.configuration.fault(error)])
        }
    }

    @Sendable private static func isReadByResolver(_ key: String) -> Bool {
        key == "dns.root_trust_anchor" || key == "dns.root_hints"
    }

    /// Tried in a throw-away worker first: libunbound takes values with which its next lookup crashes.
    private func newResolver(_ configuration: Configuration) async throws(ConfigurationError) -> Resolver {
        if let problem = await Self.checkResolver(configuration, program: program, workerArguments: workerArguments) {
            throw ConfigurationError(faults: [problem])
        }
        do throws(ServiceError) {
            return try await ServiceParts.makeResolver(
                configuration, program: program, arguments: workerArguments, on: loops.next())
        } catch {
            throw ConfigurationError(faults: [
                configuration.fault("dns", Self.clause("\(error)"), "See relayd --check")
            ])
        }
    }

    /// A sentence without its full stop.
    private static func clause(_ text: String) -> String { text.hasSuffix(".") ? String(text.dropLast()) : text }

    private func newHTTPS(_ configuration: Configuration) throws(ConfigurationError) -> HTTPSClient {
        do throws(ServiceError) { return try ServiceParts.makeHTTPS(configuration) } catch {
            throw ConfigurationError(faults: [
                configuration.fault("sts.fetches", "\(error)", "Leave it as it was")
            ])
        }
    }
}

extension Service {
    /// Puts in place what was prepared. Nothing here fails.
    private func commit(_ prepared: Prepared, succeeding old: Stations) async {
        let settings = prepared.settings
        if let new = prepared.resolver { retire(ground.resolver.replace(with: new)) }
        if let new = prepared.https { retire(ground.https.replace(with: new)) }
        let stations = await ground.stations(
            settings, succeeding: old, isResolverNew: prepared.resolver != nil)
        room.change(queueLimit: settings.configuration.intake.queueLimit)
        stations.gate.memory.change(limit: settings.configuration.intake.contentMemory)
        current.replace(with: stations)
        reporting.replace(with: reportTerms(stations))
        await policies.adopt(ground.policyTerms(settings))
        ground.trace?.setLimits(TraceLimits(settings.configuration.trace))
        await dispatcher.adopt(ground.deliveryParts(stations), ground.recorder(settings))
        await intake.adopt(ground.intakeParts(stations, current, dispatcher), settings.entrances, prepared.opened)
        (log.handler as? LogWriter)?.adopt(settings.configuration.log)
        adoptAlarms(settings.configuration)
        JudgedClock.shared.adopt(patience: settings.configuration.queue.clockPatience)
        tellWarnings(settings, before: old.settings)
        observe(settings.configuration.tlsrpt.socket)
        for bell in bells.withLock({ $0 }) { bell.ring() }
        if prepared.asksAnew { validation.alarm.withLock { $0 }?.ring() }
        if settings.routing != old.settings.routing { moveQueue() }
    }

    /// What a start would say of these settings.
    private func tellWarnings(_ settings: Settings, before: Settings) {
        _ = Descriptors.raised().fitting(settings.written, log: log)
        ServiceParts.tellMissingAnchors(settings, log)
        if settings.reports == nil, before.reports != nil { tellReportsOff() }
    }

    /// Between the two times the queue is given its routes: what was being written at the first is on disk by then.
    static let settlingPause: Duration = .seconds(5)

    /// Mail that waits goes by the new routes: twice, and again where the store does not take it.
    private func moveQueue() {
        errands.begin(on: loops.next()) { bell in
            var rounds = 0
            var isTold = false
            while rounds < 2 {
                do throws(ServiceError) {
                    try await self.reroute()
                    rounds += 1
                } catch {
                    if !isTold {
                        self.log.event(
                            .error,
                            LogLine("store-failed").with("doing", "giving the queue its routes")
                                .with("reason", "\(error)"))
                    }
                    isTold = true
                }
                self.ringLoader()
                guard let rang = try? await bell.wait(until: .after(Self.settlingPause)), !rang else { return }
            }
        }
    }

    /// Closes it once it has answered what it was asked; whoever asks now asks the new one.
    private func retire(_ resolver: Resolver) {
        errands.begin(on: loops.next()) { bell in
            // Whoever held it a moment ago may not have asked yet.
            repeat {
                guard let rang = try? await bell.wait(until: .after(.seconds(1))), !rang else { break }
            } while resolver.openLookups > 0
            await resolver.close()
        }
    }

    /// Closes it once every transfer is over.
    private func retire(_ client: HTTPSClient) {
        let longest = max(ReportTimes.postTimeout, current.value.settings.configuration.sts.fetchTimeout)
        errands.begin(on: loops.next()) { bell in
            _ = try? await bell.wait(until: .after(longest + .seconds(1)))
            await client.close()
        }
    }
}

extension IntakeServer.ListenError {
    /// The same, where only a start as root has the right to listen there.
    var afterRoot: Self {
        guard error == .permissionDenied, Rights.isForRoot(point) else { return self }
        var told = self
        told.cure = "relayd gave up the right to ports below 1024 when it became its user: restart it to listen there"
        return told
    }
}

extension Configuration {
    /// A point that cannot be listened on, where it stands in the file.
    func fault(_ error: IntakeServer.ListenError) -> ConfigurationFault {
        let key = locatedPoints.first { $0.point == error.point }?.path ?? "intake.listen"
        return fault(key, "cannot listen on \(error.point): \(error.reason)", error.cure ?? "Choose another one")
    }
}
