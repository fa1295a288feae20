/// The finished content of a message on its way into the queue.
public struct Content: Sendable {
    /// Content from memory, for notices and short mail. More than ``QueueLimits/inlineContent`` belongs into a
    /// ``ContentWriter``: the store refuses it.
    public init(bytes: [UInt8]) {
        self.init(.inline(bytes), size: Int64(bytes.count))
    }

    init(_ storage: Storage, size: Int64) {
        self.storage = storage
        self.size = size
    }

    /// Octets.
    public let size: Int64

    /// The octets, where they are in memory: fresh mail is delivered without a read from disk.
    public var bytes: [UInt8]? {
        if case .inline(let bytes) = storage { bytes } else { nil }
    }

    enum Storage: Sendable {
        case inline([UInt8])
        case file(SpoolFile)
    }

    let storage: Storage
}
