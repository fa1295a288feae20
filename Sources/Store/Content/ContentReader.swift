/// Reads the content of a queued message in chunks. The length is checked by the store, the digest by the caller, who
/// may not send the last chunk's end before it is right.
public final class ContentReader: Sendable {
    /// The next bytes; nil at the end.
    /// - Throws: `.damaged` where the file is shorter or longer than its row says.
    public func next() async throws(StoreError) -> [UInt8]? { nil }
}
