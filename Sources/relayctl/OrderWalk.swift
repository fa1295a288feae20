import Glibc
import Relay

/// An order to the queue, given page by page until its end.
struct OrderWalk {
    let client: DaemonClient
    let verb: QueueVerb
    let selectors: QueueSelectors
    let reason: String?

    /// What cannot be taken back, and what stops all mail.
    var wantsConsent: Bool { verb.isDestructive || verb == .hold && selectors.all }

    /// A dry run for the question; a failure where there is nobody to ask.
    func foundForQuestion() async throws(Failure) -> QueueOrderSum {
        guard Consent.isPossible else {
            throw Failure(
                .usage,
                "there is no terminal to ask at whether to \(verb.rawValue) this: say so with --yes. --dry-run shows "
                    + "what would be touched")
        }
        let sum = try await walk(isDryRun: true)
        if !sum.isComplete { throw Failure(.interrupted, "nothing was changed") }
        return sum
    }

    /// Sums up the pages, and says on a terminal how far it is. Ctrl-C ends it behind a page.
    /// - Parameter total: recipients that are likely to match.
    func walk(isDryRun: Bool, total: Int? = nil) async throws(Failure) -> QueueOrderSum {
        let interruption = Interruption()
        defer { interruption.end() }
        let progress = ProgressLine()
        defer { progress.clear() }
        var sum = QueueOrderSum(verb, isDryRun: isDryRun)
        for portion in selectors.portions {
            var cursor: String?
            repeat {
                if interruption.happened {
                    sum.isComplete = false
                    return sum
                }
                if sum.matched > 0 || cursor != nil { progress.show(QueueOrderText.progress(sum, of: total)) }
                let page = try await page(portion, isDryRun, cursor, sum)
                sum.add(page)
                // The same place again would have no end.
                cursor = page.next == cursor ? nil : page.next
            } while cursor != nil
        }
        return sum
    }

    private func page(
        _ selectors: QueueSelectors, _ isDryRun: Bool, _ cursor: String?, _ sum: QueueOrderSum
    ) async throws(Failure) -> QueueOrderPage {
        do throws(Failure) {
            return try await client.order(verb, selectors, dryRun: isDryRun, reason: reason, cursor: cursor)
        } catch {
            guard let before = QueueOrderText.before(sum) else { throw error }
            throw Failure(error.status, "\(error.message) \(before).")
        }
    }

    /// The command line that does it, to be pasted.
    func command(_ options: CommonOptions) -> String {
        var words = ["relayctl", "queue", verb.rawValue] + selectors.words
        if let reason { words += ["--reason", ShellWord.quoted(reason)] }
        if let socket = options.socket { words += ["--socket", ShellWord.quoted(socket)] }
        if let config = options.config { words += ["--config", ShellWord.quoted(config)] }
        return words.joined(separator: " ")
    }
}
