import Mail

/// A letter to the postmaster of a domain whose own policies keep mail from it: what was seen, what demands it, how he sees it
/// himself, and what would mend it. Never an address of a sender or recipient, and nothing of the content.
struct Letter: Sendable {
    /// Of a probe.
    let document: PolicyDocument
    let faults: [LetterFault]
    /// This relay.
    let hostname: String
    /// Who answers for it.
    let contact: String
    let now: WallTime
    /// nil where no mail waits for the domain.
    var waiting: Waiting?

    /// What lies in the queue for the domain.
    struct Waiting: Hashable, Sendable {
        var messages: Int
        /// True where there may be more.
        var isAtLeast = false
        /// Since when policies keep the oldest of them back.
        var since: WallTime?
        /// When it was tried last.
        var last: WallTime?
    }

    /// nil where there is nothing to complain about.
    init?(
        _ document: PolicyDocument, hostname: String, contact: String, now: WallTime, waiting: Waiting? = nil
    ) {
        let faults = LetterFault.all(in: document)
        if faults.isEmpty { return nil }
        (self.document, self.faults, self.waiting) = (document, faults, waiting)
        (self.hostname, self.contact, self.now) = (hostname, contact, now)
    }

    /// RFC 5321 §4.5.1: each domain has one.
    var to: String { "postmaster@\(document.domain)" }

    var subject: String {
        let title = faults.first?.title(document) ?? ""
        return "Mail to \(document.domain)\(document.outcome == .undeliverable ? " is kept back" : ""): \(title)"
    }

    var text: String {
        var page = LetterPage()
        page.add("To the postmaster of \(document.domain),")
        page.add(
            "our mail relay \(hostname) follows the transport security policies that domains publish. Those of "
                + "\(document.domain) are not met by what we find at your side"
                + (document.outcome == .undeliverable
                    ? ", so that we do not deliver: mail that you ask to be protected must not be sent without."
                    : ". Mail still goes where it is met."))
        if let waiting { page.add(words(waiting)) }
        page.add("What follows was seen from \(hostname) on \(now.rfc3339).")
        for (index, fault) in faults.prefix(LetterFault.limit).enumerated() {
            page.title("\(index + 1). \(fault.title(document))")
            for paragraph in fault.seen(document, at: now) { page.add(paragraph) }
            page.add("What demands it: \(fault.demand(document))")
            let commands = fault.commands(for: document)
            if !commands.isEmpty {
                page.add("To see it yourself:")
                page.lines(commands)
            }
            page.add("To mend it: \(fault.advice(document))")
            let records = fault.records(document)
            if !records.isEmpty { page.lines(records) }
        }
        let more = faults.count - min(faults.count, LetterFault.limit)
        if more > 0 { page.add("There is more of the kind: \(Humane.count(more, "further fault")) at other hosts.") }
        page.title("Who writes")
        page.add(
            "This was written by the mail relay \(hostname). For questions, or once it is mended: \(contact). Mail that "
                + "waits is tried again by itself.")
        return page.text
    }

    private func words(_ waiting: Waiting) -> String {
        var text = waiting.isAtLeast ? "At least " : ""
        text +=
            "\(Humane.tally(waiting.messages, "message")) for your domain wait\(waiting.messages == 1 ? "s" : "") here"
        if let since = waiting.since { text += ", the oldest kept back since \(since.rfc3339)" }
        if let last = waiting.last { text += ", last tried on \(last.rfc3339)" }
        return text + ". What cannot be delivered in time is returned to its sender."
    }
}

/// Plain text in lines of 72 columns, as a mail is best written.
struct LetterPage {
    private(set) var text = ""

    /// RFC 5322 §2.1.1 has 78; replies that quote it want some room.
    static let width = 72

    /// Broken at blanks. What strangers wrote is made harmless.
    mutating func add(_ paragraph: String) {
        space()
        text += Configuration.wrapped(LogLine.oneLine(paragraph), prefix: "", width: Self.width) + "\n"
    }

    mutating func title(_ words: String) {
        space()
        let line = LogLine.oneLine(words)
        text += Configuration.wrapped(line, prefix: "", width: Self.width) + "\n"
        text += String(repeating: "-", count: min(line.count, Self.width)) + "\n"
    }

    /// Unbroken: they are to be copied.
    mutating func lines(_ lines: [String]) {
        space()
        for line in lines { text += "    \(LogLine.oneLine(line))\n" }
    }

    private mutating func space() {
        if !text.isEmpty { text += "\n" }
    }
}
