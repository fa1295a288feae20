/// A report as a mail carries it (RFC 8460 §5.3), or as others do.
public struct ReportAttachment: Hashable, Sendable {
    /// The JSON, or gzip of it: see ``ReportForm``.
    public let octets: [UInt8]
    /// As the mail has it.
    public let fileName: String?
    /// As the mail has it, in lower case: `application/tlsrpt+gzip`.
    public let mediaType: String

    /// Multiparts and mails within each other.
    public static let depthLimit = 10
    /// Parts of one mail that are looked at.
    public static let partLimit = 100

    /// All reports in a mail, in their order; never empty. Parts that say they are reports count whatever they hold; where
    /// there is none, those that look like one: JSON or gzip, named so.
    public static func find(in mail: [UInt8]) throws(UnreadableReport) -> [ReportAttachment] {
        var walk = MIMEWalk()
        walk.visit(MIMEEntity(mail[...]), depth: 0)
        guard !walk.certain.isEmpty || !walk.likely.isEmpty else {
            if walk.isCut { throw UnreadableReport("the mail has too many parts, and no report among the first") }
            throw UnreadableReport("the mail has no report in it: no part is application/tlsrpt+gzip or +json")
        }
        return walk.certain.isEmpty ? walk.likely : walk.certain
    }
}

/// What octets are, by how they begin.
public enum ReportForm: Hashable, Sendable {
    case json
    /// RFC 1952
    case gzip
    /// With a header section.
    case mail

    /// Nil where they are none of these.
    public init?(_ octets: some Collection<UInt8>) {
        if octets.starts(with: [0x1F, 0x8B]) {
            self = .gzip
            return
        }
        let marked = octets.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        let text = octets.dropFirst(marked).drop { [0x20, 0x09, 0x0D, 0x0A].contains($0) }
        guard let first = text.first else { return nil }
        if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
            self = .json
            return
        }
        // RFC 5322 §2.2: a name of printable characters and a colon; an mbox has a line of its own before it.
        let line = text.prefix { $0 != 0x0A }
        let name = line.prefix { $0 != UInt8(ascii: ":") }
        let isField = !name.isEmpty && name.count < line.count && name.allSatisfy { (0x21...0x7E).contains($0) }
        guard isField || line.starts(with: "From ".utf8) else { return nil }
        self = .mail
    }
}

/// Goes through the parts of a mail.
private struct MIMEWalk {
    var certain: [ReportAttachment] = []
    var likely: [ReportAttachment] = []
    var isCut = false
    private var count = 0

    private static let types = [
        "application/tlsrpt+gzip", "application/tlsrpt+json", "application/tlsrpt", "application/tlsrpt+x-gzip",
    ]
    /// What programs that do not know the types call them.
    private static let likelyTypes = [
        "application/gzip", "application/x-gzip", "application/json", "application/octet-stream", "text/json",
        "application/gunzip", "application/x-gunzip", "text/plain",
    ]

    mutating func visit(_ entity: MIMEEntity, depth: Int) {
        count += 1
        guard depth <= ReportAttachment.depthLimit, count <= ReportAttachment.partLimit else {
            isCut = true
            return
        }
        let type = entity.contentType
        if type.value.hasPrefix("multipart/"), let boundary = type.parameter("boundary"), !boundary.isEmpty {
            let room = ReportAttachment.partLimit - count
            let parts = entity.parts(boundary: boundary, limit: room + 1)
            for part in parts { visit(MIMEEntity(part), depth: depth + 1) }
        } else if type.value == "message/rfc822" {
            // Forwarded.
            visit(MIMEEntity(entity.decodedBody), depth: depth + 1)
        } else {
            take(entity, type)
        }
    }

    private mutating func take(_ entity: MIMEEntity, _ type: ParameterField) {
        let name = entity.field("content-disposition")?.parameter("filename") ?? type.parameter("name")
        let isCertain = Self.types.contains(type.value)
        let ending = (name ?? "").utf8.suffix(8).map(ASCII.lowercased)
        let isNamed = [".json", ".json.gz", ".gz"].contains { ending.reversed().starts(with: $0.utf8.reversed()) }
        guard isCertain || (Self.likelyTypes.contains(type.value) && isNamed) else { return }
        var octets = Array(entity.decodedBody)
        if octets.starts(with: "H4sI".utf8) {
            // The magic of gzip in base64: somebody forgot to say so.
            octets = TransferEncoding.base64(octets[...])
        }
        if isCertain {
            certain.append(ReportAttachment(octets: octets, fileName: name, mediaType: type.value))
        } else if ReportForm(octets) == .json || ReportForm(octets) == .gzip {
            likely.append(ReportAttachment(octets: octets, fileName: name, mediaType: type.value))
        }
    }
}
