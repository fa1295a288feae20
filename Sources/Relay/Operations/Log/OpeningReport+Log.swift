import Logging
import Store

extension ServiceParts {
    /// Says what opening the store found.
    static func tell(_ report: SQLiteStore.OpeningReport, of directory: String, _ log: Logger) {
        log.event(
            report.messagesQuarantined > 0 || report.filesSetAside > 0 || report.journalGaps > 0
                || report.journalUnread > 0 || report.isJournalGivenUp ? .warning : .notice,
            LogLine("store-opened").with("directory", directory).with("new", report.isNew)
                .with("clean", !report.wasUnclean).with("set_aside", report.filesSetAside)
                .with("quarantined", report.messagesQuarantined).with("from_journal", report.messagesFromJournal)
                .with("journal_gaps", report.journalGaps).with("journal_given_up", report.isJournalGivenUp ? true : nil)
                .with("sqlite", report.library))
        for one in report.quarantined {
            log.event(.error, LogLine("quarantined").with("queue_id", one.id).with("reason", one.why))
        }
        if report.isJournalGivenUp {
            log.event(
                .error,
                LogLine("journal-damaged").with("given_up", true)
                    .with(
                        "reason",
                        "the journal was given up: mail accepted in the last seconds before the stop may be lost, and nobody knows how much"
                    )
                    .with(
                        "cure",
                        "the accepted lines of the log before the stop name it, and the logs of the MTAs that handed it over: have it sent again"
                    ))
        }
        if report.journalGaps > 0 {
            log.event(
                .error,
                LogLine("journal-damaged").with("records", report.journalGaps)
                    .with("reason", "between what came in last before the stop there is what cannot be read")
                    .with(
                        "cure",
                        "behind a power cut nobody was told that this mail is accepted; else look after the disk: it was"
                    ))
        }
        if report.journalUnread > 0 {
            log.event(
                .error,
                LogLine("journal-damaged").with("unread", report.journalUnread)
                    .with("reason", "records of the journal that this program cannot read were given up, and left out")
                    .with(
                        "cure",
                        "a newer program wrote them, and nothing is wrong with the disk: that program reads them from the copy of the journal"
                    ))
        }
        if report.messagesOfLaterJournal > 0 || report.messagesHeld > 0 {
            log.event(
                .warning,
                LogLine("journal-later").with("messages", report.messagesOfLaterJournal)
                    .with("held", report.messagesHeld)
                    .with("reason", "the journal goes on behind what queue.db knows: it is older, or new")
                    .with(
                        "cure",
                        "this mail is in the queue now. What of it had left since goes out again: relayctl queue delete "
                            + "--id keeps it back. Mail whose time was over by then, which has most likely left or been returned, is held: "
                            + "relayctl queue list --state held"))
        }
        if let missing = report.journalMissing {
            log.event(
                .warning,
                LogLine("journal-missing").with("reason", missing)
                    .with(
                        "cure",
                        "mail is safe without it, and slower: see that the store's disk has room, and start again"))
        }
        if let missing = report.inFlightMissing { log.event(.warning, Service.inFlightMissing(missing)) }
    }
}
