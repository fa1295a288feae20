// The public face of Net, first commit: bodies follow in files of their own.
import Glibc

/// An instant of the monotonic clock, in nanoseconds since boot. Never compared with civil time.
public struct Deadline: Hashable, Comparable, Sendable {
    /// CLOCK_MONOTONIC in nanoseconds; `UInt64.max` means never.
    public let nanoseconds: UInt64
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }
    public static let never = Deadline(nanoseconds: .max)
    public static var now: Deadline { fatalError() }
    public static func after(_ duration: Duration) -> Deadline { fatalError() }
    public func advanced(by duration: Duration) -> Deadline { fatalError() }
    public var hasPassed: Bool { fatalError() }
    /// Time left, zero when passed.
    public var remaining: Duration { fatalError() }
    public static func < (one: Deadline, other: Deadline) -> Bool { one.nanoseconds < other.nanoseconds }
}

/// A C error number (`errno`), with its name and text as description. `Errno.connectionRefused` and so on; `~=` works in `catch`/`case`.
public struct Errno: Error, Hashable, Sendable, RawRepresentable {
    public let rawValue: CInt
    public init(rawValue: CInt) { self.rawValue = rawValue }
    /// The one door: runs a system call, repeats it after EINTR, turns -1 into the typed error.
    @discardableResult
    public static func check<I: FixedWidthInteger>(_ call: () -> I) throws(Errno) -> I { fatalError() }
}

/// Owns one descriptor and closes it at the end of its life.
public struct FileDescriptor: ~Copyable, Sendable {
    public let rawValue: CInt
    public init(owning rawValue: CInt) { self.rawValue = rawValue }
    /// Gives the number away: the caller closes it.
    public consuming func release() -> CInt { fatalError() }
}

/// What ends a wait or a transfer. `.expired`: the deadline passed. `.closed`: closed on our side, or the loop stopped.
/// `.reset`: the peer reset the connection. `.offLoop`: called by a task that does not run on the stream's loop.
public enum SocketError: Error, Sendable {
    case expired, closed, reset, busy, offLoop, bufferFull
    case system(Errno)
    case transport(any Error)
}

/// One thread with epoll, timers and a wake-up, and a task executor: `Task(executorPreference: loop) { … }`.
public final class Loop: TaskExecutor, Sendable {
    public init(name: String) throws(Errno) { fatalError() }
    public func start() throws(Errno) { fatalError() }
    /// Resumes every wait with `.closed`, runs what is left, joins the thread. Blocks; not for the loop's own thread.
    public func shutdown() { fatalError() }
    public static var current: Loop? { fatalError() }
    public var isOnThread: Bool { fatalError() }
    public var name: String { fatalError() }
    public func enqueue(_ job: consuming ExecutorJob) { fatalError() }
    /// Runs the body as a task on this loop and waits for it.
    public func run<T: Sendable, E: Error>(_ body: @Sendable @escaping () async throws(E) -> T) async throws(E) -> T { fatalError() }
    /// An unstructured task on this loop; whoever calls owns it.
    @discardableResult
    public func task<T: Sendable>(_ body: @Sendable @escaping () async -> T) -> Task<T, Never> { fatalError() }
    public func sleep(until deadline: Deadline) async throws(SocketError) { fatalError() }
    /// For tests: descriptors in epoll, armed timers, open streams, pending waits.
    public var registrations: Int { fatalError() }
    public var timers: Int { fatalError() }
    public var openStreams: Int { fatalError() }
    public var waits: Int { fatalError() }
}

/// Some loops, by default one per core.
public final class LoopGroup: Sendable {
    public init(name: String, count: Int? = nil) throws(Errno) { fatalError() }
    public var loops: [Loop] { fatalError() }
    public func next() -> Loop { fatalError() }
    public func shutdown() { fatalError() }
}

/// A sleep that any thread may end: one task waits, others ring. A ring with nobody waiting is kept (once).
public final class Alarm: Sendable {
    public init(on loop: Loop) { fatalError() }
    /// True if it rang, false if the deadline came first.
    public func wait(until deadline: Deadline) async throws(SocketError) -> Bool { fatalError() }
    public func ring() { fatalError() }
}

public enum SocketAddress: Hashable, Sendable {
    case v4(address: UInt32, port: UInt16)                                   // host order
    case v6(high: UInt64, low: UInt64, port: UInt16, scope: UInt32)          // host order
    case unix(path: String)
    /// 4 or 16 octets in network order; nil for any other length.
    public init?(octets: some Collection<UInt8>, port: UInt16) { fatalError() }
    /// "127.0.0.1:2525", "[::1]:2525", "unix:/path"; nil for anything else (host names included).
    public init?(_ text: String) { fatalError() }
    public var octets: [UInt8] { fatalError() }          // 4, 16, or none
    public var port: UInt16? { fatalError() }
    public var host: String { fatalError() }             // "127.0.0.1", "::1", "/path"
}

/// uid, gid and pid of the process at the other end of a Unix socket when it connected.
public struct PeerCredentials: Hashable, Sendable { public let pid: Int32, uid: UInt32, gid: UInt32 }

public final class Listener: Sendable {
    public init(on loop: Loop, address: SocketAddress, mode: UInt32 = 0o600) throws(Errno) { fatalError() }
    public var address: SocketAddress { fatalError() }   // with the real port
    /// The next connection, bound to `loop` (default: the listener's). Ends with `.closed` after `close()`.
    public func accept(on loop: Loop? = nil) async throws(SocketError) -> Stream { fatalError() }
    public func close() { fatalError() }                 // from any thread
}

public enum TransferResult { case bytes(Int), wantRead, wantWrite, end, failed(any Error) }
public enum Progress { case done, wantRead, wantWrite, failed(any Error) }
/// What moves the bytes of a stream when it is not the plain socket (TLS). Used on the stream's loop only, never after its close.
public protocol Transport: AnyObject {
    func receive(into buffer: UnsafeMutableRawBufferPointer) -> TransferResult
    func send(_ bytes: UnsafeRawBufferPointer) -> TransferResult
}

/// How a line ended.
public enum LineEnding: Sendable { case crlf, lf }
/// What `readLine` found. `line` comes without its ending. After `tooLong` nothing is consumed: call `discardLine`.
/// `end`: the peer closed; the bytes are what it left without a line end.
public enum LineRead: Sendable { case line([UInt8], LineEnding), tooLong, end([UInt8]) }
public enum Fill: Sendable, Equatable { case bytes(Int), end }

/// Our end of a socket pair as a stream, and the other end for a child.
public struct StreamPair: ~Copyable, Sendable { public let stream: Stream; public var other: FileDescriptor }

public final class Stream: Sendable {
    public static func connect(to: SocketAddress, from: SocketAddress? = nil, on loop: Loop, until: Deadline) async throws(SocketError) -> Stream { fatalError() }
    public static func pair(on loop: Loop) throws(Errno) -> StreamPair { fatalError() }
    public var loop: Loop { fatalError() }
    public var peerAddress: SocketAddress? { fatalError() }
    public var localAddress: SocketAddress? { fatalError() }
    public var peerCredentials: PeerCredentials? { fatalError() }
    // Reading
    public func readLine(limit: Int, until: Deadline) async throws(SocketError) -> LineRead { fatalError() }
    public func discardLine(until: Deadline) async throws(SocketError) -> (count: Int, ending: LineEnding?) { fatalError() }
    public func read(upTo: Int, until: Deadline) async throws(SocketError) -> [UInt8]? { fatalError() }   // nil: end
    public func fill(until: Deadline) async throws(SocketError) -> Fill { fatalError() }
    public func withBuffer<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> (consumed: Int, R)) throws(E) -> R { fatalError() }
    public var bufferedCount: Int { fatalError() }
    public func takeBuffered() -> [UInt8] { fatalError() }
    @discardableResult public func discardBuffered() -> Int { fatalError() }
    // Writing: put() only queues, flush() sends; write() is put and flush, trying send() first.
    public func put(_ bytes: some Sequence<UInt8>) throws(SocketError) { fatalError() }
    public func put(_ bytes: UnsafeRawBufferPointer) throws(SocketError) { fatalError() }
    public var unsentCount: Int { fatalError() }
    public func flush(until: Deadline) async throws(SocketError) { fatalError() }
    public func write(_ bytes: [UInt8], until: Deadline) async throws(SocketError) { fatalError() }
    public func write(_ bytes: ArraySlice<UInt8>, until: Deadline) async throws(SocketError) { fatalError() }
    public func write(_ chunks: [ArraySlice<UInt8>], until: Deadline) async throws(SocketError) { fatalError() }   // vectored
    public func shutdownWrite() throws(SocketError) { fatalError() }
    // TLS
    public func replaceTransport(_ transport: (any Transport)?) { fatalError() }
    public func perform(until: Deadline, _ step: () -> Progress) async throws(SocketError) { fatalError() }
    public func withDescriptor<R, E: Error>(_ body: (CInt) throws(E) -> R) throws(E) -> R? { fatalError() }   // nil when closed
    /// From any thread: pending waits end with `.closed`.
    public func close() { fatalError() }
    public var isClosed: Bool { fatalError() }
}

public enum Signal: CInt, Sendable { case hangup = 1, interrupt = 2, terminate = 15 }
public final class Signals: Sendable {
    public static func ignoreBrokenPipe() { fatalError() }
    public init(on loop: Loop, _ signals: [Signal]) throws(Errno) { fatalError() }
    public func next(until: Deadline = .never) async throws(SocketError) -> Signal { fatalError() }
    public func close() { fatalError() }
}

public enum ExitStatus: Hashable, Sendable { case exited(Int32), signalled(Int32) }
public final class ChildProcess: Sendable {
    /// `kept`: descriptors of ours and the numbers they get in the child; every other is closed there.
    public static func spawn(_ program: String, arguments: [String], environment: [String: String] = [:],
        keeping kept: [(descriptor: CInt, number: CInt)], on loop: Loop) throws(Errno) -> ChildProcess { fatalError() }
    public var pid: Int32 { fatalError() }
    public func wait(until: Deadline) async throws(SocketError) -> ExitStatus { fatalError() }
    public func kill(_ signal: CInt) { fatalError() }
}
