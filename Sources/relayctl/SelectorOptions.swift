import ArgumentParser
import Mail
import Relay

/// What narrows a list or an order. Conditions given together must all hold.
struct SelectorOptions: ParsableArguments {
    @Option(name: .customLong("id"), help: ArgumentHelp("This message; may be given again for more.", valueName: "id"))
    var ids: [String] = []

    @Option(help: ArgumentHelp("Mail for this destination, as relayctl destinations lists it.", valueName: "name"))
    var destination: String?

    @Option(
        help: ArgumentHelp(
            "Mail from this address, from all of @domain, or from '<>', the null reverse-path.", valueName: "address"))
    var sender: String?

    @Option(help: ArgumentHelp("Mail for this address, or for all of @domain.", valueName: "address"))
    var recipient: String?

    @Option(help: ArgumentHelp("Mail received longer ago, as 90m, 2h, 3d.", valueName: "span"))
    var olderThan: String?

    func selectors() throws(Failure) -> QueueSelectors {
        var selectors = QueueSelectors()
        for text in ids { selectors.ids.append(try Arguments.queueID(text)) }
        selectors.destination = try destination.map(Arguments.destination)
        if let sender { selectors.sender = try Arguments.address(sender, of: "--sender", isSender: true) }
        if let recipient {
            selectors.recipient = try Arguments.address(recipient, of: "--recipient", isSender: false)
        }
        if let olderThan {
            selectors.olderThan = try Arguments.seconds(olderThan, of: "--older-than", upTo: QueueSelectors.ageLimit)
        }
        return selectors
    }
}

extension Arguments {
    static func queueID(_ text: String) throws(Failure) -> QueueID {
        guard let id = QueueID(text) else {
            throw Failure(
                .usage, "\"\(TextStyle.harmless(text))\" is no queue id: it has \(QueueID.length) letters and digits")
        }
        return id
    }
}

extension QueueSelectors {
    /// As they are typed, each word fit for a shell.
    var words: [String] {
        var words: [String] = []
        for id in ids { words += ["--id", id.text] }
        if let destination { words += ["--destination", ShellWord.quoted(destination.text)] }
        if let sender { words += ["--sender", ShellWord.quoted(sender.description)] }
        if let recipient { words += ["--recipient", ShellWord.quoted(recipient.description)] }
        if let olderThan { words += ["--older-than", "\(olderThan)s"] }
        if all { words.append("--all") }
        return words
    }

    /// The same in portions that fit in a request: a page of ids each.
    var portions: [QueueSelectors] {
        if ids.count <= Self.idLimit { return [self] }
        return stride(from: 0, to: ids.count, by: Self.idLimit).map { start in
            var portion = self
            portion.ids = Array(ids[start...].prefix(Self.idLimit))
            return portion
        }
    }
}
