import CLinux
import Glibc

/// Owns one descriptor and closes it at the end of its life, on whichever thread that is.
public struct FileDescriptor: ~Copyable, Sendable {
    /// The number, valid as long as this value lives.
    public let rawValue: CInt

    /// Takes the descriptor over. Own first, configure second: from here on a throw closes it.
    public init(owning rawValue: CInt) {
        self.rawValue = rawValue
    }

    /// Takes over what a system call returns, or throws its error.
    init(_ call: () -> CInt) throws(Errno) {
        self.init(owning: try Errno.check(call))
    }

    deinit {
        // close(2): > Retrying the close() after a failure return is the wrong thing to do.
        _ = close(rawValue)
    }

    /// Gives the number away: the caller closes it.
    public consuming func release() -> CInt {
        let number = rawValue
        discard self
        return number
    }

    /// Sets O_NONBLOCK, which belongs to the open file: it holds for every duplicate too.
    borrowing func makeNonBlocking() throws(Errno) {
        let number = rawValue
        let flags = try Errno.check { fcntl(number, F_GETFL) }
        try Errno.check { fcntl(number, F_SETFL, flags | O_NONBLOCK) }
    }

    /// Sets an integer socket option.
    borrowing func setOption(_ level: CInt, _ option: CInt, _ value: CInt) throws(Errno) {
        let number = rawValue
        try Errno.check { withUnsafePointer(to: value) { setsockopt(number, level, option, $0, 4) } }
    }
}
