/// What one try to move bytes came to.
public enum TransferResult {
    /// So many were moved, at least one.
    case bytes(Int)
    /// Try again when the descriptor is readable: a write may want this too.
    case wantRead
    /// Try again when the descriptor is writable: a read may want this too.
    case wantWrite
    /// The peer will send no more. From `receive` only.
    case end
    /// It cannot go on. An `Errno` or a `SocketError` in here is thrown as the stream's own error, others as `.transport`.
    case failed(any Error)
}

/// What one step of a handshake or a farewell came to.
public enum Progress {
    /// Finished.
    case done
    /// Call again when the descriptor is readable.
    case wantRead
    /// Call again when the descriptor is writable.
    case wantWrite
    /// It cannot go on.
    case failed(any Error)
}

/// What moves the bytes of a stream in the socket's place: TLS. Called by the stream on its loop only, never with an empty
/// buffer, never after the stream's close. It tries and never blocks: the stream waits, and always tries before it waits,
/// because bytes that a transport holds raise no event.
public protocol Transport: AnyObject {
    /// Puts received bytes at the start of the buffer.
    func receive(into buffer: UnsafeMutableRawBufferPointer) -> TransferResult
    /// Sends some of the bytes, from the start. After a want, the next call begins with the same bytes at maybe another
    /// address, and may bring more.
    func send(_ bytes: UnsafeRawBufferPointer) -> TransferResult
}

extension SocketError {
    /// The error of a transport, unwrapped where it is one of ours.
    init(transport error: any Error) {
        if let error = error as? SocketError {
            self = error
        } else if let error = error as? Errno {
            self.init(error)
        } else {
            self = .transport(error)
        }
    }
}
