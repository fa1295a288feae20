public import Mail

/// What TLS-RPT counted, and what became of the reports made of it (RFC 8460), over restarts.
///
/// Counts of delivery attempts come in by ``Settlement/sessions``, in the transaction that settles the attempt; those that
/// belong to no attempt by ``count(_:day:)``. As with ``QueueStore``: what changes something returns after its change is
/// committed and synced, a throw means that nothing of it happened, and times are arguments.
public protocol ReportStore: Sendable {
    /// Counts what belongs to no delivery attempt: failed policy fetches, what another MTA observed.
    func count(_ sessions: [ReportedSession], day: ReportDay) async throws(StoreError)

    /// What was counted for the report of `domain` on `day`, worst policy first; empty where nothing was.
    func counts(for domain: DomainName, day: ReportDay) async throws(StoreError) -> [PolicyCount]

    /// Sessions of `day` that were not counted, because ``ReportLimits/domainsPerDay`` other domains were.
    /// - Throws: `.damaged` where nothing is counted any more, because the disk has broken what is kept for reports: mail
    ///   is settled all the same.
    func droppedSessions(day: ReportDay) async throws(StoreError) -> Int64

    /// Domains with counts on `day`, in alphabetical order from behind `domain`, at most ``ReportLimits/page``.
    func countedDomains(
        day: ReportDay, after domain: DomainName?, limit: Int
    ) async throws(StoreError) -> [CountedDomain]

    /// Days before `day` that have counts of domains without a report planned; oldest first.
    func unplannedDays(before day: ReportDay) async throws(StoreError) -> [ReportDay]

    /// Domains with counts on `day` and no report planned, alphabetical, at most ``ReportLimits/page``.
    func unplannedDomains(day: ReportDay, limit: Int) async throws(StoreError) -> [DomainName]

    /// Plans reports; one that is planned already (same domain and day) stays as it is.
    func plan(_ reports: [PlannedReport]) async throws(StoreError)

    /// Reports with something to do at `time`: planned ones that are due, and ones under way with a destination that is due.
    /// Most overdue first, at most ``ReportLimits/page``.
    func dueReports(at time: WallTime, limit: Int) async throws(StoreError) -> [StoredReport]

    /// When the next report has something to do; nil where none has.
    func nextReportTime() async throws(StoreError) -> WallTime?

    /// Fixes what a planned report says and where it goes, and puts its mails into the queue: all of it or nothing, so that
    /// a crash neither loses nor doubles a report.
    ///
    /// `mails` belong to the destinations of ``ReportDestination/State/queued`` whose `message` is their queue id, one to
    /// each, in their order, and with one recipient. What becomes of such a mail is written to its destination by the
    /// transaction that settles it. Where no destination has anything left to do the report ends at once.
    /// - Throws: `.unknown` where it is not planned, or has begun already; `.failed` where mails and destinations do not
    ///   belong together, there are too many, or ``StoredReport/begunAt`` is missing.
    func begin(
        _ report: StoredReport, body: [UInt8], mails: [NewMessage]
    ) async throws(StoreError) -> [QueuedMessage]

    /// What ``begin(_:body:mails:)`` fixed: the compressed report. Nil where nothing is, and where the report has ended.
    func body(of domain: DomainName, day: ReportDay) async throws(StoreError) -> [UInt8]?

    /// Replaces state, times and words of one destination of a report under way; where no destination is left with
    /// something to do, the report ends. Which one is told by its `uri`.
    /// - Throws: `.unknown` where the report is not under way, or not to there.
    func note(_ destination: ReportDestination, of domain: DomainName, day: ReportDay, at now: WallTime)
        async throws(StoreError)

    /// A planned report is tried again at `time`, and why. The first time it is postponed, ``StoredReport/begunAt`` is set
    /// to `now`; ``begin(_:body:mails:)`` sets it anew.
    /// - Throws: `.unknown` where it is not planned, or has begun.
    func postpone(
        _ domain: DomainName, day: ReportDay, until time: WallTime, words: String, at now: WallTime
    ) async throws(StoreError)

    /// Makes the planned reports of `day` due at `time`; with a domain, that of it alone. Nothing else of them changes.
    /// - Returns: how many there were.
    func hasten(day: ReportDay, domain: DomainName?, at time: WallTime) async throws(StoreError) -> Int

    /// A planned report ends without being sent: nobody asks for it, or nobody could be asked.
    /// - Throws: `.unknown` where it is not planned, or has begun.
    func end(
        _ domain: DomainName, day: ReportDay, as outcome: ReportOutcome, words: String, at now: WallTime
    ) async throws(StoreError)

    /// One report; nil where none was planned.
    func report(for domain: DomainName, day: ReportDay) async throws(StoreError) -> StoredReport?

    /// Reports of `day`, alphabetical from behind `domain`, at most ``ReportLimits/page``.
    func reports(
        day: ReportDay, after domain: DomainName?, limit: Int
    ) async throws(StoreError) -> [StoredReport]

    /// A report that has ended, made planned again for an operator who wants to send it anew: same id, due at `time`,
    /// without body and destinations.
    /// - Throws: `.unknown` where there is none.
    func replan(_ domain: DomainName, day: ReportDay, at time: WallTime) async throws(StoreError)

    /// Of these addresses those that reports of `domain` must not be sent to at `time`.
    func suppressions(_ uris: [String], for domain: DomainName, at time: WallTime) async throws(StoreError)
        -> [ReportSuppression]

    /// Those of all domains that hold at `time`, newest first, at most ``ReportLimits/page``.
    func suppressions(at time: WallTime, limit: Int) async throws(StoreError) -> [ReportSuppression]

    /// Forgets that the address refused reports of `domain`.
    /// - Returns: false where it had not.
    func removeSuppression(_ uri: String, for domain: DomainName) async throws(StoreError) -> Bool

    /// Forgets ended reports of days before `day`, and counts of these days; a report that has not ended stays with its
    /// counts until `day` is more than ``ReportLimits/graceDays`` later. Forgets also suppressions that ended
    /// ``ReportLimits/graceDays`` before its start; in steps.
    /// - Returns: reports forgotten.
    func removeReports(before day: ReportDay) async throws(StoreError) -> Int
}

/// Bounds of what is counted and kept.
public enum ReportLimits {
    /// Domains counted in one day (reliability): more are summed up nowhere, and the operator is told.
    public static let domainsPerDay = 50_000
    /// Policies of one domain and day; sessions under a further one are counted under its type and `policy-domain` without
    /// `policy-string`, and those under a further domain not at all. Where there are twice as many, `policy-domain` is the
    /// domain itself as well: one more for each type.
    public static let policiesPerDomain = 20
    /// Details kept under one policy and day; the rest is summed for each type and reason code.
    public static let detailsPerPolicy = 20
    /// Reason codes told apart in these sums, for each type.
    public static let reasonCodesPerType = 10
    /// Octets of `policy-string` and `mx-host` of one policy together, each text with one more for its end; more are left
    /// out, whole texts from the end.
    public static let policyText = 16 * 1024
    /// Octets of such text of all policies of one day, over all domains, counted the same way: a policy that goes beyond it
    /// is counted under its type and `policy-domain` without text.
    public static let textPerDay = 256 * 1024 * 1024
    /// Octets of a HELO name or a reason code kept.
    public static let detailText = 255
    /// Octets of words about a destination or an end.
    public static let words = QueueLimits.detailText
    /// Rows of one page.
    public static let page = 500
    /// Destinations of one report.
    public static let destinations = TLSRPTRecord.destinationLimit
    /// Days for which what is over its time is kept all the same where something may still come of it.
    public static let graceDays: Int64 = 7
    /// Rows touched in one transaction of forgetting.
    public static let step = 1000
}
