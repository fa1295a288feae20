import Mail

@testable import Relay

extension OneMessage {
    static let exception = ExceptionView(
        domain: "d.example", allow: "encrypted", since: 1_000_000, until: 1_604_800, reason: "their key is stale",
        untilFixed: true, unneededSince: 1_000_100, connections: 12)

    func exceptions() async throws -> ExceptionsView { ExceptionsView(exceptions: [Self.exception]) }

    func addException(_ order: ExceptionOrder) async throws -> ExceptionAdditionView {
        ExceptionAdditionView(
            exception: ExceptionView(
                domain: order.domain.text, allow: order.allow.rawValue, since: 1, until: 1 + order.seconds,
                reason: order.reason, untilFixed: order.isUntilFixed))
    }

    func removeException(of domain: DomainName) async throws -> ExceptionView? {
        domain.text == "d.example" ? Self.exception : nil
    }

    func observed(days: Int) async throws -> ObservedView {
        ObservedView(
            days: days,
            observed: [
                ObservedRowView(
                    rule: "rule \"d.example\"", destination: "d.example", wentThrough: 1200,
                    causes: ["dane-required": 40, "starttls-missing": 2])
            ])
    }
}
