import Mail
import Relay

/// The daemon's answers, or failures that say what to do.
struct DaemonClient {
    let socket: String

    func status() async throws(Failure) -> ControlReply<StatusView> {
        try await ask { client throws(ControlClientError) in try await client.status() }
    }

    func queue(_ query: QueueQuery) async throws(Failure) -> ControlReply<QueuePage> {
        try await ask { client throws(ControlClientError) in try await client.queue(query) }
    }

    func show(_ id: QueueID) async throws(Failure) -> ControlReply<MessageView>? {
        try await ask { client throws(ControlClientError) in try await client.show(id) }
    }

    func policy(_ domain: DomainName) async throws(Failure) -> [UInt8] {
        try await ask { client throws(ControlClientError) in try await client.policy(domain) }
    }

    func policies(_ query: PolicyQuery) async throws(Failure) -> ControlReply<STSPage> {
        try await ask { client throws(ControlClientError) in try await client.policies(query) }
    }

    func refreshPolicy(of domain: DomainName) async throws(Failure) -> ControlReply<STSRefreshView> {
        try await ask { client throws(ControlClientError) in try await client.refreshPolicy(of: domain) }
    }

    private func ask<Answer>(
        _ question: (ControlClient) async throws(ControlClientError) -> Answer
    ) async throws(Failure) -> Answer {
        do throws(ControlClientError) {
            return try await question(ControlClient(socket: socket))
        } catch {
            switch error {
            case .noAnswer(let reason):
                throw Failure(
                    .unavailable,
                    "no answer from relayd on \(socket): \(reason). Is it running (systemctl status waxwing), "
                        + "and are you root or in its group? Name another socket with --socket.")
            case .refused(_, let view):
                throw Failure(.unexpected, "\(view.message). \(view.cure).")
            case .unreadable(let reason):
                throw Failure(.unexpected, "\(reason). Are relayd and relayctl of the same version?")
            }
        }
    }
}
