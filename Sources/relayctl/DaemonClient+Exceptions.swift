import Mail
import Relay

extension DaemonClient {
    func exceptions() async throws(Failure) -> ControlReply<ExceptionsView> {
        try await ask { client throws(ControlClientError) in try await client.exceptions() }
    }

    func addException(_ order: ExceptionOrder) async throws(Failure) -> ControlReply<ExceptionAdditionView> {
        try await ask { client throws(ControlClientError) in try await client.addException(order) }
    }

    func removeException(of domain: DomainName) async throws(Failure) -> ControlReply<ExceptionView>? {
        try await ask { client throws(ControlClientError) in try await client.removeException(of: domain) }
    }

    func observed(days: Int) async throws(Failure) -> ControlReply<ObservedView> {
        try await ask { client throws(ControlClientError) in try await client.observed(days: days) }
    }
}
