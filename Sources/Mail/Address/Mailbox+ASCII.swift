extension Mailbox {
    /// The local-part needs no SMTPUTF8; the domain never does, for its labels are A-labels (RFC 6531 §3.2).
    public var isASCII: Bool { localPart.utf8.allSatisfy { $0 < 0x80 } }
}
