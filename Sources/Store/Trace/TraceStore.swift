public import Mail
import Synchronization

/// The lives of messages that left the queue, in a database of their own beside it: `trace.db`.
///
/// A trace is no acknowledged mail. Nothing waits for it: what is recorded is taken by a thread of its own, and what does not
/// fit is dropped and counted. A power cut may take the last moments, a killed process what was not yet handed to the
/// kernel (200 ms); a damaged file is set aside and begun anew.
public final class TraceStore: Sendable {
    /// What opening found, for the log.
    public struct OpeningReport: Hashable, Sendable {
        /// Where a damaged file lies now, and what was wrong with it; nil as a rule.
        public let setAside: String?
    }

    public let openingReport: OpeningReport
    let writer: TraceWriter
    private let isClosed = Mutex(false)

    private init(_ writer: TraceWriter, _ report: OpeningReport) {
        self.writer = writer
        self.openingReport = report
    }

    deinit {
        shutDown()
    }

    /// Opens or makes `trace.db` in `directory`, which must exist and whose lock the caller holds by its open queue.
    /// `now` dates what is set aside. Blocks.
    /// - Throws: `.newer` for a file of a newer program, `.refused` for a file that is not ours or cannot be opened. Never
    ///   for damage.
    public static func open(
        directory: String, limits: TraceLimits, now: WallTime
    ) throws(StoreOpenError) -> TraceStore {
        let path = "\(directory)/\(TraceFile.name)"
        do {
            do {
                return try assemble(directory, limits, now, setAside: nil)
            } catch {
                guard let damage = TraceFile.damage(error) else { throw error }
                let aside = try TraceFile.setAside(in: directory, at: now)
                return try assemble(directory, limits, now, setAside: "\(aside): \(damage)")
            }
        } catch let error as StoreOpenError {
            throw error
        } catch {
            throw .refused(path: path, why: StoreError(error).words)
        }
    }

    private static func assemble(
        _ directory: String, _ limits: TraceLimits, _ now: WallTime, setAside: String?
    ) throws -> TraceStore {
        let opened = try TraceFile.open(directory)
        do {
            let writer = try TraceWriter(opened, directory: directory, limits: limits, now: now)
            guard writer.start() else {
                throw StoreOpenError.refused(path: directory, why: "no threads to be had")
            }
            return TraceStore(writer, OpeningReport(setAside: setAside))
        } catch {
            opened.close()
            throw error
        }
    }

    /// Takes the record of a message that ended. Never waits, never throws.
    public func record(_ life: Life) { writer.take(.life(life)) }

    /// Takes a note. Never waits, never throws.
    public func note(_ note: TraceNote) { writer.take(.note(note)) }

    /// The lives that match, newest first, at most `limit` (1 to ``TraceLimits/page``), with what was recorded until now.
    /// For a queue id without a life, its notes.
    public func find(_ key: TraceKey, limit: Int) async throws(StoreError) -> [TraceFinding] {
        try await flush()
        guard let reader = writer.shared.withLock({ $0.reader }) else { throw .failed("the trace has no file") }
        let limit = min(max(limit, 1), TraceLimits.page)
        return try await reader.read { db in try TraceQueries.find(key, limit: limit, db) }
    }

    /// Returns once what was recorded before lies in the file.
    func flush() async throws(StoreError) {
        try await writer.perform { _ in }
    }

    /// Deletes what is older than ``TraceLimits/keep`` at `time`, and the oldest beyond ``TraceLimits/octets``, in steps that
    /// let records pass between them.
    public func forget(at time: WallTime) async {
        while let isMore = try? await writer.perform({ $0.forget(at: time) }), isMore {}
    }

    /// Other limits from now on: the next ``forget(at:)`` and the next record go by them.
    public func setLimits(_ limits: TraceLimits) {
        writer.shared.withLock { $0.limits = limits }
    }

    /// As of the last writing, without waiting for it.
    public var state: TraceState {
        get async {
            let dropped = writer.dropped.load(ordering: .relaxed)
            return writer.shared.withLock {
                TraceState(rows: $0.rows, octets: $0.octets, oldest: $0.oldest, dropped: dropped, fault: $0.fault)
            }
        }
    }

    /// Writes what was recorded, and closes. What is recorded later counts as dropped; other calls throw `.closed`.
    public func close() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            // A thread of its own: the trace's is what is waited for.
            let thread = WorkThread(named: "trace-close") { [self] in
                shutDown()
                continuation.resume()
            }
            if thread == nil {
                shutDown()
                continuation.resume()
            }
        }
    }

    private func shutDown() {
        let wasClosed = isClosed.withLock { isClosed in
            defer { isClosed = true }
            return isClosed
        }
        if !wasClosed { writer.stop() }
    }
}
