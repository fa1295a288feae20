import FlyingFox
import Logging
public import Mail
import Net
import Store

/// Exceptions, and what rules in mode `observe` would have done, over the control socket.
extension Service: ExceptionSource {
    public func exceptions() async throws -> ExceptionsView {
        ExceptionsView(exceptions: ground.exceptions.table.all.map(ExceptionView.init))
    }

    public func addException(_ order: ExceptionOrder) async throws -> ExceptionAdditionView {
        try refuseRouted(order.domain)
        let added: (exception: PolicyException, replaced: PolicyException?)
        do throws(StoreError) {
            added = try await ground.exceptions.add(
                order.domain, allow: order.allow, seconds: order.seconds, reason: order.reason,
                isUntilFixed: order.isUntilFixed)
        } catch {
            throw ControlRefusal(
                .serviceUnavailable, "not-kept", "the exception could not be kept, and does not hold: \(error)",
                error.cure)
        }
        let waiting = await keptBack(at: order.domain)
        retryDeferred(at: order.domain)
        return ExceptionAdditionView(
            exception: ExceptionView(added.exception), replaced: added.replaced.map { ExceptionView($0) },
            waiting: waiting)
    }

    public func removeException(of domain: DomainName) async throws -> ExceptionView? {
        do throws(StoreError) {
            return try await ground.exceptions.remove(domain).map { ExceptionView($0) }
        } catch {
            throw ControlRefusal(
                .serviceUnavailable, "not-off-disk",
                "the exception for \(domain) holds no more, but is not off the disk yet: \(error)",
                "It is tried again each second. If the daemon starts anew before that, the exception is back until its "
                    + "end: remove it again then")
        }
    }

    public func observed(days: Int) async throws -> ObservedView {
        let today = ReportDay(of: Self.clock())
        let first = ReportDay(number: today.number &- Int64(days) &+ 1)
        let counts = try await store.observed(from: first, limit: WatchLimits.page)
        return ObservedView(days: days, counts, isCut: counts.count >= WatchLimits.page)
    }

    /// An exception is for the next-hop domain: one for a domain whose mail goes elsewhere would never hold.
    private func refuseRouted(_ domain: DomainName) throws {
        guard let route = routing.rules.route(for: domain), !policyDestinations(of: domain).hasRoutes else { return }
        let hop = route.nextHop.domain.map { "Add it for \($0)" } ?? "An address has no policy: change the rule"
        throw ControlRefusal(
            .badRequest, "routed",
            "mail for \(domain) goes to \(route.nextHop) by \(route.label), and policies are looked "
                + "up for that", hop)
    }

    /// Where mail waits that goes by the policies of this domain.
    private func policyDestinations(of domain: DomainName) -> (names: Set<String>, hasRoutes: Bool) {
        let routes = routing.rules.rules.compactMap(\.route?.nextHop).filter { $0.domain == domain }
        var names = Set(routes.map(\.destination))
        if routing.rules.route(for: domain) == nil { names.insert(routing.nextHop(for: .name(domain)).destination) }
        return (names, !routes.isEmpty)
    }

    /// Recipients there that wait for their policy; none where the store does not say.
    private func keptBack(at domain: DomainName) async -> Int {
        var count = 0
        for name in policyDestinations(of: domain).names {
            let filter = QueueFilter(destination: name, states: [.due], causes: RepairWaking.causes)
            let page = try? await store.select(filter, after: nil, limit: ExceptionAdditionView.waitingLimit)
            count += page?.count ?? 0
        }
        return min(count, ExceptionAdditionView.waitingLimit)
    }

    /// What was put off at the domain is tried at once: most of it waits for what the exception is for.
    private func retryDeferred(at domain: DomainName) {
        let names = policyDestinations(of: domain).names
        let waking = RepairWaking(store: store, dispatcher: dispatcher, log: log, clock: Self.clock)
        errands.begin(on: loops.next()) { [ground] _ in
            for name in names where !ground.stopping.isSet {
                let count = await waking.wake(name)
                if count > 0 {
                    ground.log.event(
                        .notice,
                        LogLine("ordered").with("verb", "retry").with("destination", name).with("recipients", count)
                            .with("reason", "an exception for \(domain) was added"))
                }
            }
        }
    }
}
