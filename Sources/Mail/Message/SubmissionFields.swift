/// What a submission server adds to a message of a user's program that lacks it (RFC 6409 §8.2, §8.3). In the role of a relay
/// nothing is added (SRV-32).
public enum SubmissionFields {
    /// The fields that `facts` say are missing, each with its CRLF; empty where none is.
    public static func missing(
        in facts: ContentFacts, id: QueueID, hostname: DomainName, at time: WallTime
    ) -> [UInt8] {
        var text = ""
        if !facts.hasDate { text += "Date: \(time.rfc5322)\r\n" }
        if !facts.hasMessageID { text += "Message-ID: <\(id)@\(hostname)>\r\n" }
        return Array(text.utf8)
    }
}
