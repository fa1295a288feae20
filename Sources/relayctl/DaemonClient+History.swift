import Mail
import Relay

extension DaemonClient {
    /// A failure of its own where nothing is known, or mail for the domain goes elsewhere.
    func history(of domain: DomainName, limit: Int) async throws(Failure) -> ControlReply<HistoryView> {
        do throws(ControlClientError) {
            let reply = try await ControlClient(socket: socket).history(of: domain, limit: limit)
            if let reply { return reply }
        } catch .refused(status: 404, let view) {
            throw Failure(.nothing, "\(view.message). \(view.cure).")
        } catch {
            throw failure(error)
        }
        throw Failure(.nothing, HistoryText.nothing(domain.text))
    }
}
