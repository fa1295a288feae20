import Mail
import Synchronization

/// From the journal into the tables, in a task of its own.
extension Journal {
    /// Brings sealed generations into the tables, one after the other.
    func apply(with writer: Writer) async {
        for await generation in generations {
            var rest = JournalBounds.rest
            while true {
                do throws(StoreError) {
                    let withReports = reportDamage == nil
                    let isWhole = try await writer.perform(urgently: false, weight: 0) { db, numbers in
                        try JournalRows.apply(generation, db, &numbers, withReports: withReports)
                    }
                    if isWhole { break }
                } catch .closed {
                    return
                } catch .busy {
                    // Others come first.
                    try? await Task.sleep(for: JournalBounds.busyRest)
                } catch .damaged(let why) where reportDamage == nil {
                    damage.withLock { $0 = why }
                } catch {
                    stuck.withLock { $0 = "\(error)" }
                    queue.pushAlways(.notApplied)
                    await wait(behind: error, rest: rest)
                    rest = min(rest * 2, JournalBounds.longestRest)
                }
            }
            stuck.withLock { $0 = nil }
            queue.pushAlways(.applied(generation.number))
        }
    }

    /// Returns when another try is worth it: after a rest, and where the want of room or a fault of the disk is over within a second
    /// of its end. Where there is no room it leaves the reserve to settlements.
    private func wait(behind error: StoreError, rest: Duration) async {
        let mended = tally.faults.mended
        // More than the reserve, which is for settlements: what it gave up must not look like room.
        let needs = UInt64(clamping: JournalBounds.room * file.segmentBytes)
        let free = free
        let lacksRoom = error == .full && free < needs
        // Where there should have been enough, so much more is what counts.
        let enough = lacksRoom ? needs : free &+ needs
        let longest = lacksRoom ? JournalBounds.patienceForRoom : rest
        var rested = Duration.zero
        // Once in any case, also while the store is closed: what failed fails again at once.
        repeat {
            let look = min(longest - rested, JournalBounds.rest)
            try? await Task.sleep(for: look)
            rested += look
            if !lacksRoom && tally.faults.mended != mended || error == .full && self.free >= enough { return }
        } while rested < longest && !isStopped.load(ordering: .relaxed)
    }

    /// Octets; more than any disk has where it cannot be asked.
    private var free: UInt64 {
        guard case .success(let space) = FreeSpaceCache().measure(folder, at: 0) else { return .max / 2 }
        return space.bytes
    }
}
