/// Our `Received:` field (RFC 5321 §4.4): one for each message that comes in, above all that is there.
public enum TraceField {
    /// The field with its CRLF, folded.
    public static func received(
        from origin: Origin, by hostname: DomainName, id: QueueID, recipients: [Mailbox], at time: WallTime
    ) -> [UInt8] {
        []
    }
}
