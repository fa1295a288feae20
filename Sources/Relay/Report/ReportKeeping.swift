import Logging
import Mail
import Store

/// Forgets counts and reports once `tlsrpt.keep` is over, whether reports are sent or not: counting goes on all the same.
struct ReportKeeping: Sendable {
    let store: any ReportStore
    /// Seconds.
    let keep: Int64
    let log: Logger
    let clock: @Sendable () -> WallTime

    /// The newest day that is forgotten is the one before this.
    var oldest: ReportDay { ReportDay(of: clock().advanced(by: -keep)) }

    func forget() async {
        do throws(StoreError) {
            let removed = try await store.removeReports(before: oldest)
            if removed > 0 {
                log.event(.info, LogLine("reports-forgotten").with("before", oldest).with("reports", removed))
            }
        } catch {
            log.event(.error, LogLine("report-store-failed").with("reason", "\(error)"))
        }
    }
}
