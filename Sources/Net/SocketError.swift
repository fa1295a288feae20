/// What ends a wait or a transfer on a socket.
public enum SocketError: Error, Sendable {
    /// The deadline passed. Nothing is left armed.
    case expired
    /// Closed on our side, or its loop is stopping.
    case closed
    /// The peer reset the connection, or no longer reads what we send.
    case reset
    /// Another task waits for the same direction already.
    case busy
    /// Woken by `Stream.interrupt()`: the stream is as good as before.
    case interrupted
    /// The calling task does not run on the socket's loop: start it with `executorPreference: loop`.
    case offLoop
    /// The buffer is full: `Stream.inputLimit` octets unread, or `Stream.outputLimit` unsent.
    case bufferFull
    /// A system call failed.
    case system(Errno)
    /// The transport on top failed: TLS says why.
    case transport(any Error)

    /// Sorts out the errors that have a case of their own.
    init(_ error: Errno) {
        switch error {
        case .connectionReset, .brokenPipe: self = .reset
        default: self = .system(error)
        }
    }
}

extension SocketError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .expired: "deadline passed"
        case .closed: "closed"
        case .reset: "connection reset by peer"
        case .busy: "another task is waiting"
        case .interrupted: "interrupted"
        case .offLoop: "called off the loop"
        case .bufferFull: "buffer full"
        case .system(let error): error.description
        case .transport(let error): "\(error)"
        }
    }
}
