public import Mail

/// The lives of messages that left the queue, in a database of their own beside it: `trace.db`.
///
/// A trace is no acknowledged mail. Nothing waits for it: what is recorded is taken by a thread of its own, and what does not
/// fit is dropped and counted. A power cut may take the last moments, a killed process what was not yet handed to the
/// kernel; a damaged file is set aside and begun anew.
public final class TraceStore: Sendable {
    /// Opens or makes `trace.db` in `directory`, which must exist and whose lock the caller holds by its open queue.
    /// `now` dates what is set aside. Blocks.
    /// - Throws: `.newer` for a file of a newer program, `.refused` for a file that is not ours or cannot be opened. Never
    ///   for damage.
    public static func open(
        directory: String, limits: TraceLimits, now: WallTime
    ) throws(StoreOpenError) -> TraceStore {
        throw .refused(path: directory, why: "unfinished")
    }

    /// What opening found, for the log.
    public struct OpeningReport: Hashable, Sendable {
        /// Where a damaged file lies now, and what was wrong with it; nil as a rule.
        public let setAside: String?
    }

    public let openingReport = OpeningReport(setAside: nil)

    /// Takes the record of a message that ended. Never waits, never throws.
    public func record(_ life: Life) {}

    /// Takes a note. Never waits, never throws.
    public func note(_ note: TraceNote) {}

    /// The lives that match, newest first, at most `limit` (1 to ``TraceLimits/page``), with what was recorded until now.
    public func find(_ key: TraceKey, limit: Int) async throws(StoreError) -> [TraceFinding] { [] }

    /// Deletes what is older than ``TraceLimits/keep`` at `time`, and the oldest beyond ``TraceLimits/octets``, in steps that
    /// let records pass between them.
    public func forget(at time: WallTime) async {}

    /// Other limits from now on: the next ``forget(at:)`` and the next record go by them.
    public func setLimits(_ limits: TraceLimits) {}

    public var state: TraceState {
        get async { TraceState(rows: 0, octets: 0, oldest: nil, dropped: 0, fault: nil) }
    }

    /// Writes what was recorded, and closes. Later calls do nothing, or throw `.closed`.
    public func close() async {}
}
