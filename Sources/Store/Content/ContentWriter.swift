/// Takes the content of a message while it is received: in memory up to ``QueueLimits/inlineContent``, in a file of the
/// spool beyond. Writes and syncs happen on threads of the store, never on the caller's.
///
/// One task at a time. Dropping a writer, or what it finished without enqueuing it, removes the file.
public final class ContentWriter: Sendable {
    /// Adds bytes to the end.
    /// - Throws: `.full`, `.failed`; the writer is of no use afterwards.
    public func append(_ bytes: [UInt8]) async throws(StoreError) {}

    /// Ends the content; a file is synced, then its folder.
    public func finish() async throws(StoreError) -> Content { Content(bytes: []) }
}
