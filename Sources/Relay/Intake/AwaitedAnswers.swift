import Mail
import Net
import Store
import Synchronization

/// What a client waits for that asked to be told of the delivery itself (`acknowledge = "delivered"`): one answer for each
/// recipient of its message. Answered by whoever delivers, from any thread; waited for by the session.
final class AwaitedAnswers: Sendable {
    private struct State {
        var answers: [Reply?]
        /// Without an answer.
        var open: Int
        var isAbandoned = false
    }

    /// In the order of the envelope.
    let recipients: [RecipientNumber]
    private let state: Mutex<State>
    private let alarm: Alarm

    /// For a session on `loop`.
    init(of count: Int, on loop: Loop) {
        let last = Self.lastNumber.subtract(Int64(count), ordering: .relaxed).newValue
        recipients = (0..<count).map { RecipientNumber(last &+ Int64($0)) }
        state = Mutex(State(answers: Array(repeating: nil, count: count), open: count))
        alarm = Alarm(on: loop)
    }

    /// Below zero: no recipient of the queue has such a number.
    private static let lastNumber = Atomic<Int64>(0)

    /// The first answer about a recipient counts.
    func answer(_ recipient: RecipientNumber, _ outcome: Outcome, from host: String? = nil) {
        guard let first = recipients.first else { return }
        let place = Int(clamping: recipient.value &- first.value)
        guard recipients.indices.contains(place) else { return }
        let isComplete = state.withLock { state in
            guard state.answers[place] == nil else { return false }
            state.answers[place] = outcome.answer(from: host)
            state.open -= 1
            return state.open == 0
        }
        if isComplete { alarm.ring() }
    }

    /// The same for all of a job that were not answered yet.
    func answer(_ job: Job, _ outcome: Outcome) {
        for recipient in job.recipients { answer(recipient.number, outcome) }
    }

    /// The client was told that its time is over, and will send the message again: nothing of it may be begun any more.
    var isAbandoned: Bool { state.withLock(\.isAbandoned) }

    /// Waits for all answers, at most until `deadline`. Whoever has none then gets `missing`.
    func wait(until deadline: Deadline, missing: Reply) async -> [Reply] {
        while !isComplete {
            guard (try? await alarm.wait(until: deadline)) == true else { break }
        }
        return state.withLock { state in
            if state.open > 0 { state.isAbandoned = true }
            return state.answers.map { $0 ?? missing }
        }
    }

    private var isComplete: Bool { state.withLock { $0.open == 0 } }
}
