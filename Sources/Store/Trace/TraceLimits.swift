/// How long and how much is kept (`[trace] keep`, `size`), and the bounds of what one record holds.
public struct TraceLimits: Hashable, Sendable {
    /// Seconds a life is kept after its end.
    public var keep: Int64
    /// Octets of the file; the oldest lives go first.
    public var octets: Int64

    public init(keep: Int64, octets: Int64) {
        self.keep = keep
        self.octets = octets
    }

    /// Octets of the JSON of one life.
    public static let record = 64 * 1024
    /// Octets of one text of a stranger (a reply, a detail, a note) in a record.
    public static let words = 1024
    /// Octets of a Message-ID, an address, a name: RFC 5321 §4.5.3.1.3 gives a path 256, RFC 5322 §2.1.1 a line 998.
    public static let name = 320
    /// Octets of one document.
    public static let document = 64 * 1024
    /// Octets of the key of one.
    public static let documentKey = 32
    /// Documents of one answer: a message of many recipients and attempts hardly names more than twenty.
    public static let documentsRead = 400
    /// Seconds that a document outlasts ``keep`` after its last use: as long as a message may have been in the queue since
    /// the attempt that refers to it. 30 days, the longest that anybody lets mail wait.
    public static let documentsOutlast: Int64 = 30 * 86_400
    /// Lives, notes and documents that may wait for the writer.
    public static let pendingLimit = 10_000
    /// Octets of them.
    public static let pendingBytes = 16 * 1024 * 1024
    /// Lives of one answer.
    public static let page = 1000
    /// Notes shown of one message, the latest.
    public static let notesShown = 100
    /// Damaged files that are kept beside the good one.
    public static let damagedKept = 2
    /// Rows that one step of forgetting deletes.
    public static let forgottenAtOnce = 1000
}
