/// The parts of the stations that follow from the settings, made anew with them. What has a memory of its own (policies, keys
/// that were seen, who spent how much) hands it on.
final class Stations: Sendable {
    let settings: Settings
    let decisions: DecisionFinder
    let signer: Signer
    let gate: IntakeGate

    init(settings: Settings, decisions: DecisionFinder, signer: Signer, gate: IntakeGate) {
        self.settings = settings
        self.decisions = decisions
        self.signer = signer
        self.gate = gate
    }
}
