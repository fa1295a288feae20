/// Who sends a message, and how soon it goes, as one number that orders what waits for a destination.
public struct SenderLane: Hashable, Sendable {
    public let value: Int64

    public init(value: Int64) {
        self.value = value
    }

    /// The message may go past TLS policy: its demand is optional (RFC 8689 §3).
    public var isOptionalTLS: Bool { value & 1 << 61 != 0 }
}
