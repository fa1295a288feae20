extension DSN {
    /// Octets of an original that goes back whole: the sender has it, and is to recognise it (RFC 3461 §6.2 lets us choose).
    public static let contentLimit = 64 * 1024
    /// Octets of the original's header section that a notice carries at most; the rest is cut at a line end.
    public static let headerLimit = 64 * 1024

    /// The sender gets his message back, not its header alone (DSN-12): only of a failure, unless he asked for the header, and
    /// not of mail that demands REQUIRETLS, for the way back may be less safe than the way there (RFC 8689 §5, INT-14).
    /// - Parameter size: octets of the original's content.
    public static func returnsWhole(
        _ action: Action, _ returns: ReturnedContent?, size: Int64, demand: MessageDemand
    ) -> Bool {
        guard action == .failed, size <= Int64(contentLimit) else { return false }
        switch demand {
        case .requireTLS, .requireTLSNotice: return false
        case .ordinary, .optionalTLS, .report: return returns != .headers
        }
    }

    /// The third part, and what the first says of it.
    struct Returned {
        let part: NoticePart
        let sentence: String
    }

    /// message/rfc822 may not be encoded (RFC 2046 §5.2.1): of an original that seven bits cannot hold goes the header alone
    /// (DSN-13), but message/global may be (RFC 6533 §4.4).
    var returned: Returned {
        switch original {
        case .whole(let content) where isInternationalized || QuotedPrintable.isSevenBit(content):
            return Returned(
                part: NoticePart(
                    type: isInternationalized ? "message/global" : "message/rfc822",
                    description: "The undelivered message", body: Self.withLineEnd(content)),
                sentence: "It is below.")
        case .whole(let content):
            let header = HeaderSection(reading: content)
            return returned(header: Array(content.prefix(header.end)))
        case .header(let header):
            return returned(header: header)
        }
    }

    private func returned(header: [UInt8]) -> Returned {
        Returned(
            part: NoticePart(
                type: isInternationalized ? "message/global-headers" : "text/rfc822-headers",
                description: action == .failed ? "Headers of the undelivered message" : "Headers of the message",
                body: Self.carried(header)),
            sentence: "Its header is below.")
    }

    /// The original's header, cut at a line end where it is longer than ``headerLimit``, ending in CRLF.
    private static func carried(_ header: [UInt8]) -> [UInt8] {
        var kept = header[...]
        if kept.count > headerLimit {
            kept = kept.prefix(headerLimit)
            while let last = kept.last, last != ASCII.lineFeed { kept.removeLast() }
        }
        return withLineEnd(Array(kept))
    }

    private static func withLineEnd(_ text: [UInt8]) -> [UInt8] {
        let lineEnd = [ASCII.carriageReturn, ASCII.lineFeed]
        return text.isEmpty || text.suffix(2).elementsEqual(lineEnd) ? text : text + lineEnd
    }
}
