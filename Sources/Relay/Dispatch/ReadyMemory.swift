import Mail
import Store

/// What the dispatcher holds in memory, and for how much there is room: over all, and for each sender.
///
/// Beyond a bound there is a reserve for senders who have little there, so that one with much mail, who fills the bound,
/// is not in the way of a single letter of another.
struct ReadyMemory {
    /// Jobs in memory, those under way included.
    static let readyLimit = 20_000
    /// Beyond ``readyLimit``, for senders with fewer than ``lightSender`` jobs in memory.
    static let readyReserve = 5000
    static let lightSender = 100
    /// Jobs that may wait in memory for one destination, so that a slow one with much mail leaves room for all others.
    static let destinationReadyLimit = 2000
    /// Beyond ``destinationReadyLimit``, for senders with fewer than ``lightLane`` jobs there, and for urgent mail.
    static let destinationReserve = 500
    static let lightLane = 50
    /// Octets of content of fresh mail in memory; beyond, the content is read from the store when its turn comes.
    static let contentLimit = 64 * 1024 * 1024
    /// Destinations remembered for their window and back-off although nothing waits for them in memory; twice as many
    /// where all of them are down or have mail on disk.
    static let destinationLimit = 50_000

    private(set) var jobs = 0
    private(set) var contentOctets = 0
    /// Recipients that are in memory: the loader leaves them alone.
    private var held: Set<RecipientNumber> = []
    /// Of those, the ones that are being delivered.
    private var underWay: Set<RecipientNumber> = []
    private var senders: [SenderLane: Int] = [:]

    /// Nobody has room any more.
    var isFull: Bool { jobs >= Self.readyLimit + Self.readyReserve }
    /// There is so much room again that it is worth looking at the disk.
    var hasRoom: Bool { jobs < Self.readyLimit / 2 }

    func holds(_ recipient: RecipientNumber) -> Bool { held.contains(recipient) }

    func isUnderWay(_ recipient: RecipientNumber) -> Bool { underWay.contains(recipient) }

    /// A delivery has the job now.
    mutating func began(_ job: Job) { for recipient in job.recipients { underWay.insert(recipient.number) } }

    mutating func ended(_ job: Job) { for recipient in job.recipients { underWay.remove(recipient.number) } }

    /// May one more job of that sender come in?
    func admits(_ lane: SenderLane) -> Bool {
        jobs < Self.readyLimit || (!isFull && senders[lane, default: 0] < Self.lightSender)
    }

    /// The same for one destination.
    static func admits(_ lane: SenderLane, at destination: Destination) -> Bool {
        let waiting = destination.ready.count
        return waiting < destinationReadyLimit
            || (waiting < destinationReadyLimit + destinationReserve
                && (lane.priority == .high || destination.ready.count(of: lane) < lightLane))
    }

    /// Senders for whom nothing more is to be read from disk now.
    var fullSenders: [SenderLane] {
        jobs < Self.readyLimit ? [] : senders.filter { $0.value >= Self.lightSender }.map(\.key)
    }

    /// - Returns: false where there is no room for the content of a job that has it nowhere else.
    mutating func hold(_ job: inout Job) -> Bool {
        if let content = job.content {
            if contentOctets + content.count > Self.contentLimit {
                if job.awaited != nil { return false }
                job.content = nil
            } else {
                contentOctets += content.count
            }
        }
        jobs += 1
        senders[job.lane, default: 0] += 1
        for recipient in job.recipients { held.insert(recipient.number) }
        return true
    }

    mutating func release(_ job: Job) {
        jobs -= 1
        contentOctets -= job.content?.count ?? 0
        let left = senders[job.lane, default: 1] - 1
        senders[job.lane] = left > 0 ? left : nil
        for recipient in job.recipients { held.remove(recipient.number) }
    }

    /// Recipients that somebody else works on: an operator's order, a notice of delay. They count as in memory.
    mutating func claim(_ recipients: some Sequence<RecipientNumber>) { held.formUnion(recipients) }

    mutating func unclaim(_ recipients: some Sequence<RecipientNumber>) { held.subtract(recipients) }
}
