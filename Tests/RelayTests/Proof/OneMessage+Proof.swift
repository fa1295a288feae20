import FlyingFox
import Mail

@testable import Relay

extension OneMessage {
    func compliance(_ query: ComplianceQuery) async throws -> CompliancePage {
        CompliancePage(
            since: "\(query.since)", until: "\(query.until)", by: query.side,
            rows: [ComplianceRow(name: query.after ?? "first", [.dane: ComplianceCount(messages: 1, recipients: 2)])])
    }

    func proofs(_ query: ProofQuery) async throws -> ProofPage {
        ProofPage(since: "\(query.since)", until: "\(query.until)", proofs: [], next: query.before)
    }

    func letter(_ key: String) async throws -> LetterView {
        guard key != "good.example" else {
            throw ControlRefusal(.notFound, LetterView.nothingCode, "all is well", "See relayctl policy")
        }
        return LetterView(
            domain: key, to: "postmaster@\(key)", subject: "s", text: "t", at: 1, contact: "c@us.example", faults: [])
    }

    func canaries() async throws -> CanariesView { CanariesView(canaries: []) }
}
