import Mail
import Net
import Synchronization

extension Service {
    /// Tells the service manager in a line how it goes, for `systemctl status`: at once, and when it has changed. From memory alone, for
    /// a disk that does not answer is not to keep it from being said.
    func tellHow() async {
        guard let notices else { return }
        var told = ""
        while !Task.isCancelled {
            let words = await how
            if words != told {
                notices.send(.status(words))
                told = words
            }
            await Loop.rest(Self.statusSpan)
        }
    }

    /// Between two looks at how it goes. Ours: nobody looks at `systemctl status` more often.
    private static let statusSpan: Duration = .seconds(10)

    private var how: String {
        get async {
            let destinations = await dispatcher.summary
            var parts = [
                "\(counters.accepted.load(ordering: .relaxed)) accepted, "
                    + "\(counters.delivered.load(ordering: .relaxed)) delivered since start",
                "\(Humane.count(destinations.active, "destination")) active, \(destinations.backedOff) backed off",
            ]
            if let shortage = room.shortage { parts.insert("REFUSES MAIL: \(room.words(of: shortage))", at: 0) }
            let kinds = Set(ground.alarms.standing.map(\.kind.rawValue)).sorted()
            if !kinds.isEmpty { parts.append("alarms: \(kinds.joined(separator: ", "))") }
            return parts.joined(separator: "; ")
        }
    }

    /// Tells the service manager that this process lives, twice in the time it has patience for, and only when every loop has turned.
    /// A loop that stands still, by a fault of ours, is what a restart mends; a disk that does not answer is not, and is not asked.
    func tellLife() async {
        guard let notices, let patience = notices.watchdog else { return }
        while !Task.isCancelled {
            for other in loops.loops { await other.task {}.value }
            notices.send(.alive)
            // Ends with the task: a stop does not wait for it.
            await Loop.rest(patience / 2)
        }
    }
}
