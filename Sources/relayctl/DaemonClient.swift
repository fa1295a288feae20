import Mail
import Relay

/// The daemon's answers, or failures that say what to do.
struct DaemonClient {
    let socket: String

    func status() async throws(Failure) -> ControlReply<StatusView> {
        try await ask { client throws(ControlClientError) in try await client.status() }
    }

    func show(_ id: QueueID) async throws(Failure) -> ControlReply<MessageView>? {
        try await ask { client throws(ControlClientError) in try await client.show(id) }
    }

    /// nil where no daemon runs: then there is none whose answer would differ from one's own.
    func policy(_ domain: DomainName) async throws(Failure) -> [UInt8]? {
        do throws(ControlClientError) {
            return try await ControlClient(socket: socket).policy(domain)
        } catch .noAnswer(_) {
            return nil
        } catch {
            let failure = failure(error)
            guard failure.status == .unavailable else { throw failure }
            throw Failure(
                failure.status,
                failure.message + " With --local the answer is found here, without what relayd remembers.")
        }
    }

    func policies(_ query: PolicyQuery) async throws(Failure) -> ControlReply<STSPage> {
        try await ask { client throws(ControlClientError) in try await client.policies(query) }
    }

    func refreshPolicy(of domain: DomainName) async throws(Failure) -> ControlReply<STSRefreshView> {
        try await ask { client throws(ControlClientError) in try await client.refreshPolicy(of: domain) }
    }

    func reports(_ query: ReportQuery) async throws(Failure) -> ControlReply<ReportStatusView> {
        try await ask { client throws(ControlClientError) in try await client.reports(query) }
    }

    func reportPreview(_ query: ReportQuery) async throws(Failure) -> ControlReply<ReportPreviewPage> {
        try await ask { client throws(ControlClientError) in try await client.reportPreview(query) }
    }

    func sendReports(_ query: ReportQuery) async throws(Failure) -> ControlReply<ReportSendView> {
        try await ask { client throws(ControlClientError) in try await client.sendReports(query) }
    }

    func ask<Answer>(
        _ question: (ControlClient) async throws(ControlClientError) -> Answer
    ) async throws(Failure) -> Answer {
        do throws(ControlClientError) {
            return try await question(ControlClient(socket: socket))
        } catch {
            throw failure(error)
        }
    }

    /// - Parameter error: why there is no answer.
    func failure(_ error: ControlClientError) -> Failure {
        switch error {
        case .noAnswer(let reason):
            Failure(
                .unavailable,
                "no answer from relayd on \(socket): \(reason). Is it running (systemctl status waxwing)? "
                    + "Name another socket with --socket.")
        case .denied:
            Failure(
                .unavailable,
                "permission denied for \(socket): only root and its group may ask it. Use sudo, or join the group "
                    + "(ls -l \(socket) names it; adduser NAME GROUP) and log in anew.")
        case .stuck(let reason):
            Failure(
                .unavailable,
                "relayd on \(socket) is there, and does not answer: \(reason). See its state (systemctl status "
                    + "waxwing) and its log.")
        case .foreign:
            Failure(
                .unavailable,
                "what listens on \(socket) does not answer as relayd does. Name relayd's socket with --socket; without it, "
                    + "control.socket of the configuration names it.")
        case .refused(let status, let view):
            Failure(Self.status(ofRefusal: status), "\(view.message). \(view.cure).")
        case .unreadable(let reason):
            Failure(.unexpected, "\(reason). Are relayd and relayctl of the same version?")
        }
    }

    /// - Parameter status: of HTTP.
    private static func status(ofRefusal status: Int) -> ExitStatus {
        switch status {
        case 400: .usage
        case 403, 503: .unavailable
        default: .unexpected
        }
    }
}
