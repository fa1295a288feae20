import Mail
import Relay

extension DaemonClient {
    func compliance(_ query: ComplianceQuery) async throws(Failure) -> ControlReply<CompliancePage> {
        try await ask { client throws(ControlClientError) in try await client.compliance(query) }
    }

    func proofs(_ query: ProofQuery) async throws(Failure) -> ControlReply<ProofPage> {
        try await ask { client throws(ControlClientError) in try await client.proofs(query) }
    }

    /// A failure of its own where there is nothing to write about.
    func letter(_ key: String) async throws(Failure) -> ControlReply<LetterView> {
        do throws(ControlClientError) {
            return try await ControlClient(socket: socket).letter(key)
        } catch .refused(status: 404, let view) {
            let isGood = view.code == LetterView.nothingCode
            throw Failure(.nothing, (isGood ? "nothing to complain about: " : "") + "\(view.message). \(view.cure).")
        } catch {
            throw failure(error)
        }
    }

    func canaries() async throws(Failure) -> ControlReply<CanariesView> {
        try await ask { client throws(ControlClientError) in try await client.canaries() }
    }
}
