/// The finished content of a message on its way into the queue.
public struct Content: Sendable {
    /// Content from memory, for notices and short mail.
    public init(bytes: [UInt8]) {
        self.size = Int64(bytes.count)
    }

    /// Octets.
    public let size: Int64
}
