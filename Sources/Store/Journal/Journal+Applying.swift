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
                    // Where there is no room it leaves the reserve to settlements.
                    var looks = 0
                    repeat {
                        try? await Task.sleep(for: rest)
                        rest = min(rest * 2, JournalBounds.longestRest)
                        looks += 1
                    } while error == .full && looks < JournalBounds.looksForRoom && !hasRoom()
                        && !isStopped.load(ordering: .relaxed)
                }
            }
            stuck.withLock { $0 = nil }
            queue.pushAlways(.applied(generation.number))
        }
    }

    private func hasRoom() -> Bool {
        guard case .success(let space) = FreeSpaceCache().measure(folder, at: 0) else { return true }
        return space.bytes >= UInt64(JournalBounds.room * file.segmentBytes)
    }
}
