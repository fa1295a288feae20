import Net
import Store

extension OutcomeRecorder {
    /// How long a settlement waits for the documents that its attempts name. They are worth less than it is: what was delivered
    /// and is not settled is delivered again after a crash. Ours.
    static let documentPatience: Duration = .milliseconds(200)

    /// What stays in the queue should find its documents after a SIGKILL. They are new seldom, and else nothing waits.
    func waitForDocuments() async {
        guard let trace, trace.hasDocumentsWaiting, let loop = Loop.current else { return }
        await loop.task {
            let bell = Alarm(on: loop)
            // Not waited for: on a disk that hangs it ends when that does. The trace bounds how many wait for it.
            loop.task {
                try? await trace.documentsWritten()
                bell.ring()
            }
            _ = try? await bell.wait(until: .after(Self.documentPatience))
        }.value
    }
}
