import FlyingFox
import Logging
public import Mail
import Net
import Store

/// What goes on beside the mail, for those who watch it.
extension Service {
    /// Between two looks at alarms whose time may be over.
    static let historyPause: Duration = .seconds(600)

    /// Learns from what deliveries see, and forgets what is too old.
    func keepHistory(on loop: Loop) async {
        ground.sightings.add(history)
        await policies.tell { [history] event, domain in await history.note(event, of: domain) }
        let bell = bell(on: loop, isForReload: false)
        while !Task.isCancelled {
            await history.keepHouse()
            guard (try? await bell.wait(until: .after(Self.historyPause))) != nil else { return }
        }
    }

    /// Says what will be returned before anybody acts.
    func watchExpiry(on loop: Loop) async {
        let forecast = forecast
        let bell = bell(on: loop, isForReload: true)
        while !Task.isCancelled {
            let horizon = forecastHorizon
            await forecast.look(ahead: horizon)
            guard (try? await bell.wait(until: .after(.seconds(Forecast.pause(horizon))))) != nil else { return }
        }
    }

    private var forecast: Forecast {
        Forecast(
            store: store, alarms: ground.alarms, log: log, clock: Self.clock,
            leftOut: { [weak self] name, from, to in
                self?.terms.orders.secondsSuspended(name, from: from, to: to) ?? 0
            },
            suspension: { [weak self] name, time in self?.terms.orders.suspension(of: name, at: time) })
    }

    /// Seconds a forecast reaches ahead where nobody says.
    var forecastHorizon: Int64 {
        Forecast.horizon(
            configuration.alarm.forecastBefore.components.seconds,
            lifetime: configuration.retry.lifetime.components.seconds)
    }

    /// Has mail tried as soon as what keeps it back is gone.
    func watchRepairs(on loop: Loop) async {
        let round = repairRound(on: loop)
        let bell = bell(on: loop, isForReload: false)
        var nextReading = Deadline.now
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled, !ground.stopping.isSet {
                if nextReading.hasPassed {
                    nextReading = .after(.seconds(await readWaiting(at: Self.clock()).rawValue))
                }
                round.begin(in: &group)
                guard (try? await bell.wait(until: .after(RepairRound.pause))) != nil else { break }
            }
        }
    }

    private func repairRound(on loop: Loop) -> RepairRound {
        let waking = RepairWaking(store: store, dispatcher: dispatcher, log: log, clock: Self.clock)
        return RepairRound(
            repairs: ground.repairs, log: log, clock: Self.clock,
            look: { [dispatcher] trouble in
                let parts = await dispatcher.parts
                return await RepairLook(parts: parts).look(after: trouble.cause, on: loop) {
                    await parts.decisions.decision(for: trouble.nextHop, demand: trouble.demand, isCounted: false)
                }
            },
            wake: { await waking.wake($0.destination) },
            exceptionDomains: { [exceptions = ground.exceptions] in exceptions.table.domains(at: Self.clock()) },
            lookWithoutException: { [dispatcher] domain in
                let parts = await dispatcher.parts
                return await RepairLook(parts: parts).look(after: nil, on: loop) {
                    await parts.decisions.withoutExceptions.decision(
                        for: parts.terms.routing.nextHop(ofPolicyDomain: domain), demand: .ordinary,
                        isCounted: false)
                }
            },
            onTrueVerdict: { [exceptions = ground.exceptions] domain, refusal in
                await exceptions.noteTrueVerdict(domain, refusal: refusal)
            })
    }

    /// Destinations that waited before the start, or found no room: from the store.
    func readWaiting(at now: WallTime) async -> RepairRound.ReadingPause {
        do throws(StoreError) {
            let waiting = try await store.waiting(for: RepairWaking.causes, limit: RepairBook.limit)
            let isComplete = waiting.count < RepairBook.limit
            ground.repairs.adopt(waiting, isComplete: isComplete, asked: now, at: Self.clock())
            return isComplete ? .complete : .partial
        } catch {
            return .failed
        }
    }
}

/// What the control socket shows of it.
extension Service {
    public func history(of domain: DomainName, before: Int64?, limit: Int) async throws -> HistoryView? {
        let reading = HistoryReading(store: store, port: configuration.delivery.port)
        if let view = try await reading.view(of: domain, before: before, limit: limit) { return view }
        // Nothing is learnt of a domain whose mail goes elsewhere, however much of it there is.
        guard let route = routing.rules.route(for: domain), route.nextHop.domain != domain else { return nil }
        let cure = route.nextHop.domain.map { "Ask relayctl history \($0)" }
        throw ControlRefusal(
            .notFound, HistoryView.routedCode,
            "nothing is known of \(domain): mail for it goes to \(route.nextHop) by \(route.label)",
            cure ?? "An address has no policies, and no history")
    }

    public func forecast(seconds: Int64?) async throws -> ForecastView {
        let seconds = seconds ?? forecastHorizon
        return try await forecast.view(within: seconds)
    }
}
