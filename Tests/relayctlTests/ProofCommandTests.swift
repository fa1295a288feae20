import ArgumentParser
import Mail
import Relay
import Testing

@testable import relayctl

extension ScriptedDaemon {
    func compliance(_ query: ComplianceQuery) async throws -> CompliancePage {
        CompliancePage(since: "\(query.since)", until: "\(query.until)", by: query.side, rows: [])
    }

    func proofs(_ query: ProofQuery) async throws -> ProofPage {
        ProofPage(since: "\(query.since)", until: "\(query.until)", proofs: [])
    }

    func letter(_ key: String) async throws -> LetterView { throw Broken() }

    func canaries() async throws -> CanariesView { CanariesView(canaries: []) }
}

@Suite("Commands of proof") struct ProofCommandTests {
    @Test(
        "what is taken",
        arguments: [
            ["compliance", "--since", "2026-11-01"], ["compliance", "--since", "2026-11-01", "--until", "2026-11-01"],
            ["compliance", "--since", "2026-11-01", "--by", "sender", "--csv"],
            ["compliance", "--since", "2026-11-01", "--requiretls", "--limit", "1000000"], ["letter", "example.org"],
            ["letter", "bücher.example"], ["letter", "0123456789bcdfghjklm"], ["canaries", "--json"],
        ])
    func taken(arguments: [String]) throws {
        _ = try Relayctl.parseAsRoot(arguments)
    }

    @Test(
        "what is not",
        arguments: [
            ["compliance"], ["compliance", "--since", "yesterday"], ["compliance", "--since", "2026-11-31"],
            ["compliance", "--since", "2026-11-02", "--until", "2026-11-01"],
            ["compliance", "--since", "2026-11-01", "--by", "host"],
            ["compliance", "--since", "2026-11-01", "--csv", "--json"],
            ["compliance", "--since", "2026-11-01", "--limit", "0"],
            ["compliance", "--since", "2026-11-01", "--limit", "1000001"], ["letter"], ["letter", "a@b@c"],
        ])
    func refused(arguments: [String]) {
        #expect(throws: (any Error).self) { try Relayctl.parseAsRoot(arguments) }
    }
}
