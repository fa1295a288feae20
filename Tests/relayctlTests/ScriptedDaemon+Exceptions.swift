import Mail
import Relay

extension ScriptedDaemon {
    func exceptions() async throws -> ExceptionsView { ExceptionsView(exceptions: []) }

    func addException(_ order: ExceptionOrder) async throws -> ExceptionAdditionView {
        ExceptionAdditionView(
            exception: ExceptionView(
                domain: order.domain.text, allow: order.allow.rawValue, since: 1, until: 1 + order.seconds,
                reason: order.reason, untilFixed: order.isUntilFixed))
    }

    func removeException(of domain: DomainName) async throws -> ExceptionView? { nil }

    func observed(days: Int) async throws -> ObservedView { ObservedView(days: days, observed: []) }
}
