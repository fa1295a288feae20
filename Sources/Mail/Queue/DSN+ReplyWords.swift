extension Reply {
    /// What a remote server's refusal means for the sender, by its enhanced code (RFC 3463 §3); nil where that says nothing to
    /// him: then the server's own words must do.
    func senderWords(domain: String) -> SenderWords? {
        guard let enhanced, !isPositiveCompletion else { return nil }
        let server = "The mail server for \(domain)"
        let otherWay = "Reach the recipient in some other way."
        return switch (enhanced.subject, enhanced.detail) {
        case (1, 0), (1, 1), (1, 3):
            SenderWords("\(server) knows no mailbox of that name.", "Check the address, and send your message again.")
        case (1, 6):
            SenderWords("\(server) says that the mailbox has moved.", "Ask the recipient for the new address.")
        case (1, 10): SenderWords("\(domain) takes no mail at all, and says so.", "Check the address. \(otherWay)")
        case (1, 7), (1, 8):
            SenderWords(
                "\(server) does not accept mail from your address.",
                "Check the sender's address in your mail program, or ask your administrators.")
        case (2, 1): SenderWords("\(server) says that the mailbox takes no mail.", otherWay)
        case (2, 2):
            SenderWords(
                "\(server) says that the mailbox is full.", "Tell the recipient in some other way, and send it again.")
        case (2, 3), (3, 4):
            SenderWords(
                "Your message is larger than the mail server for \(domain) accepts.",
                "Send less at once, or share large files in some other way.")
        case (6, _):
            SenderWords(
                "\(server) cannot accept what your message contains.",
                "Send it in a plainer form: its words below may help.")
        case (7, _) where isTransientFailure:
            SenderWords("\(server) does not accept your message yet: it wants to see it again later.", otherWay)
        case (7, _):
            SenderWords(
                "The rules of the mail server for \(domain) do not admit your message.",
                "Its words below may say why. Show this notice to your administrators if they do not help you.")
        default: nil
        }
    }
}
