import Mail
import Store
import TLS

/// What became of a document that was told to the trace. A try that failed is remembered too: making the document is
/// work on a loop that delivers mail.
struct ToldDocument: Sendable {
    /// Seconds after which a document is told anew while it is in use: that keeps it in the trace, and brings it back where it
    /// was lost.
    static let telling: Int64 = 3600
    /// Seconds until a document that the trace had no room for is made again. Ours.
    static let refusedPause: Int64 = 10

    /// Nil where nothing may refer to it: it is too long, or was not taken.
    let key: String?
    private let toldAt: WallTime
    private let isRefused: Bool

    private init(_ key: String?, isRefused: Bool, at now: WallTime) {
        self.key = key
        self.toldAt = now
        self.isRefused = isRefused
    }

    /// Tells `trace` of a document.
    /// - Parameter bytes: nil where it is too long.
    init(_ kind: TraceDocument.Kind, _ bytes: [UInt8]?, in trace: TraceStore, at now: WallTime) {
        guard let bytes, let key = TraceDocument.key(of: bytes) else {
            self = .none(at: now)
            return
        }
        let isTaken = trace.document(TraceDocument(kind, key: key, bytes: bytes, usedAt: now))
        self.init(isTaken ? key : nil, isRefused: !isTaken, at: now)
    }

    /// There is none, and will be none.
    static func none(at now: WallTime) -> ToldDocument { ToldDocument(nil, isRefused: false, at: now) }

    /// There was no room.
    static func refused(at now: WallTime) -> ToldDocument { ToldDocument(nil, isRefused: true, at: now) }

    /// It need not be made again yet.
    func holds(at now: WallTime) -> Bool {
        Self.isWithin(isRefused ? Self.refusedPause : Self.telling, of: toldAt, now)
    }

    /// False also where the clock was set back.
    static func isWithin(_ seconds: Int64, of time: WallTime, _ now: WallTime) -> Bool {
        now >= time && now.seconds &- time.seconds < seconds
    }
}

extension TraceDocument {
    /// What a document of these octets is found by.
    static func key(of bytes: [UInt8]) -> String? {
        (try? SHA256Digest.digest(of: bytes)).flatMap(DocumentKey.text)
    }

    /// The octets are those the key was made from.
    var isWhole: Bool { Self.key(of: bytes) == key }
}
