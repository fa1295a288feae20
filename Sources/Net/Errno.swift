import CLinux
import Glibc

/// A C error number (`errno`). A system call's failure is thrown as this; the name and the text are its description.
public struct Errno: Error, Hashable, Sendable, RawRepresentable {
    /// The number as C knows it.
    public let rawValue: CInt

    /// Any number is allowed; unknown ones print as a number.
    public init(rawValue: CInt) {
        self.rawValue = rawValue
    }

    /// What the last failed call of this thread left behind.
    static var current: Errno {
        Errno(rawValue: waxwing_errno())
    }

    /// The one door for calls that return -1: repeats the call after EINTR, throws what it left in `errno`.
    @discardableResult
    public static func check<Value: FixedWidthInteger>(_ call: () -> Value) throws(Errno) -> Value {
        while true {
            let value = call()
            if value != -1 { return value }
            let error = Errno.current
            if error != .interrupted { throw error }
        }
    }

    /// The same door for the calls of pthreads and posix_spawn, which return the number itself.
    static func checkReturned(_ number: CInt) throws(Errno) {
        if number != 0 { throw Errno(rawValue: number) }
    }
}

extension Errno {
    /// The corresponding C error is `EACCES`.
    public static var permissionDenied: Errno { Errno(rawValue: EACCES) }
    /// The corresponding C error is `EADDRINUSE`.
    public static var addressInUse: Errno { Errno(rawValue: EADDRINUSE) }
    /// The corresponding C error is `EADDRNOTAVAIL`.
    public static var addressNotAvailable: Errno { Errno(rawValue: EADDRNOTAVAIL) }
    /// The corresponding C error is `EAGAIN`, which is also `EWOULDBLOCK`.
    public static var again: Errno { Errno(rawValue: EAGAIN) }
    /// The corresponding C error is `EBADF`.
    public static var badDescriptor: Errno { Errno(rawValue: EBADF) }
    /// The corresponding C error is `ECONNABORTED`.
    public static var connectionAborted: Errno { Errno(rawValue: ECONNABORTED) }
    /// The corresponding C error is `ECONNREFUSED`.
    public static var connectionRefused: Errno { Errno(rawValue: ECONNREFUSED) }
    /// The corresponding C error is `ECONNRESET`.
    public static var connectionReset: Errno { Errno(rawValue: ECONNRESET) }
    /// The corresponding C error is `EHOSTUNREACH`.
    public static var hostUnreachable: Errno { Errno(rawValue: EHOSTUNREACH) }
    /// The corresponding C error is `EINPROGRESS`.
    public static var inProgress: Errno { Errno(rawValue: EINPROGRESS) }
    /// The corresponding C error is `EINTR`.
    public static var interrupted: Errno { Errno(rawValue: EINTR) }
    /// The corresponding C error is `EINVAL`.
    public static var invalidArgument: Errno { Errno(rawValue: EINVAL) }
    /// The corresponding C error is `ENETUNREACH`.
    public static var networkUnreachable: Errno { Errno(rawValue: ENETUNREACH) }
    /// The corresponding C error is `ENOENT`.
    public static var noSuchFile: Errno { Errno(rawValue: ENOENT) }
    /// The corresponding C error is `ENAMETOOLONG`.
    public static var nameTooLong: Errno { Errno(rawValue: ENAMETOOLONG) }
    /// The corresponding C error is `EOPNOTSUPP`, which is also `ENOTSUP`.
    public static var notSupported: Errno { Errno(rawValue: EOPNOTSUPP) }
    /// The corresponding C error is `EPIPE`.
    public static var brokenPipe: Errno { Errno(rawValue: EPIPE) }
    /// The corresponding C error is `EROFS`.
    public static var readOnlyFileSystem: Errno { Errno(rawValue: EROFS) }
    /// The corresponding C error is `ETIMEDOUT`: the kernel gave up; our own deadlines are `SocketError.expired`.
    public static var timedOut: Errno { Errno(rawValue: ETIMEDOUT) }
    /// The corresponding C error is `EMFILE`: this process has no descriptor left.
    public static var tooManyDescriptors: Errno { Errno(rawValue: EMFILE) }
}

extension Errno: CustomStringConvertible {
    /// The C name, `ECONNREFUSED`; `E999` for a number without one.
    public var name: String {
        strerrorname_np(rawValue).map { String(cString: $0) } ?? "E\(rawValue)"
    }

    /// Name and text: `ECONNREFUSED (Connection refused)`.
    public var description: String {
        strerrordesc_np(rawValue).map { "\(name) (\(String(cString: $0)))" } ?? name
    }
}
