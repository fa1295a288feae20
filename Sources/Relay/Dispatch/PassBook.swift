import Mail
import Store

/// What the dispatcher knows of the loader's passes over the disk, and when the next is due.
///
/// A pass reads what became due since the one before. Only where mail was left on disk for want of memory, at start, and
/// every ``wholeInterval`` as a precaution does it read all that is due.
struct PassBook {
    /// Seconds between two passes over all that is due, whatever is known.
    static let wholeInterval: Int64 = 600
    /// Wake-up times remembered; beyond, the next pass is at once.
    static let wakeLimit = 100_000

    /// True where something due may lie on disk that is neither in memory nor of an overflowing destination.
    var hasMoreOnDisk = true
    /// A destination has room again for mail of its that lies on disk: the next pass is at once.
    var isRefillWanted = false
    /// Recipients let go since the pass began: its pages may still show them as due. Nil between passes.
    private var released: Set<RecipientNumber>?
    /// Young mail that the loader read before the session that accepted it could hand it over: not to be taken twice.
    private var seenYoung = Generations()
    /// The time up to which the last pass asked for what is due.
    private(set) var lookedAt = WallTime(seconds: .min)
    private var wholeAt = WallTime(seconds: .min)
    /// When the loader looks at the disk next, as far as it knows; nil while it looks.
    private var planned: WallTime?
    /// The seconds in which something that this process put off is due again, or a destination may be probed.
    private var wakes: Set<Int64> = []

    // MARK: Passes

    /// - Returns: true where the pass reads all that is due.
    mutating func begin(at time: WallTime) -> (isWhole: Bool, from: WallTime) {
        let from = lookedAt
        // A clock that was set back says nothing about what is new.
        let isWhole = hasMoreOnDisk || time < lookedAt || time.seconds &- Self.wholeInterval >= wholeAt.seconds
        lookedAt = time
        isRefillWanted = false
        if isWhole {
            hasMoreOnDisk = false
            wholeAt = time
        }
        released = []
        wakes = wakes.filter { $0 > time.seconds }
        planned = nil
        return (isWhole, from)
    }

    /// - Parameter isComplete: false where the pass did not get to the end of what is due.
    mutating func end(isComplete: Bool) {
        released = nil
        if !isComplete { hasMoreOnDisk = true }
    }

    mutating func noteReleased(_ recipients: [RecipientNumber]) {
        released?.formUnion(recipients)
    }

    /// It was in memory at some time of the pass under way: of such the pass says nothing.
    func wasReleased(_ recipient: RecipientNumber) -> Bool { released?.contains(recipient) == true }

    // MARK: Young mail

    func hasSeen(_ recipient: RecipientNumber) -> Bool { seenYoung.contains(recipient) }

    mutating func see(_ recipient: RecipientNumber) { seenYoung.insert(recipient) }

    mutating func rotate(at time: WallTime) { seenYoung.rotate(at: time) }

    // MARK: Time

    mutating func wake(at times: [WallTime]) {
        for time in times { wake(at: time) }
    }

    mutating func wake(at time: WallTime) {
        // What was looked through already is not looked at by an ordinary pass.
        guard wakes.count < Self.wakeLimit, time > lookedAt || lookedAt.seconds == .min else {
            hasMoreOnDisk = true
            return
        }
        wakes.insert(time.seconds)
    }

    /// All that is due is to be looked through, but not before `time`.
    mutating func lookAgain(at time: WallTime) {
        wholeAt = min(wholeAt, time.advanced(by: -Self.wholeInterval))
        if wakes.count < Self.wakeLimit { wakes.insert(time.seconds) }
    }

    /// The loader would sleep beyond the first of them.
    func isLate(for times: [WallTime]) -> Bool {
        guard let planned, let first = times.min() else { return false }
        return first < planned
    }

    /// When the next pass is due: at the latest in `seconds`.
    /// - Parameters:
    ///   - hasRoom: there is room for what was left on disk.
    ///   - next: the first time that is known from the disk.
    mutating func next(at now: WallTime, within seconds: Int64, hasRoom: Bool, known next: WallTime?) -> WallTime {
        if isRefillWanted || (hasMoreOnDisk && hasRoom) { return now }
        let latest = now.advanced(by: seconds)
        if let planned, planned <= now { return now }
        // A clock that was set back must not put off the next look.
        let wake = wakes.min().map(WallTime.init(seconds:)) ?? latest
        let time = max(now, min(planned ?? latest, latest, wake, next ?? latest))
        planned = time
        return time
    }
}
