/// Who sends a message, and how soon it goes, as one number that orders what waits for a destination.
public struct SenderLane: Hashable, Sendable {
    public let value: Int64

    public init(value: Int64) {
        self.value = value
    }

    /// Bit 62: set for normal priority, so that high priority comes first in order.
    public static let normalBit: Int64 = 1 << 62
    /// Bit 61: the message may go past TLS policy.
    public static let optionalBit: Int64 = 1 << 61

    /// The message may go past TLS policy: its demand is optional (RFC 8689 §3).
    public var isOptionalTLS: Bool { value & Self.optionalBit != 0 }
}
