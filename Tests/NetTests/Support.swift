import Glibc
import Net
import Synchronization
import Testing

/// The process of the tests may have as many descriptors as the system gives it at all: hundreds of tests run at once, and
/// the usual soft limit of 1,024 is less than they hold. Once for all of them.
let raisedDescriptorLimit: Bool = {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    return setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
}()

/// Runs the body as a task on a fresh loop, and then requires that nothing is left there: no descriptor, timer, stream, wait.
func onLoop(
    sourceLocation: SourceLocation = #_sourceLocation, _ body: @Sendable @escaping (Loop) async throws -> Void
) async throws {
    try #require(raisedDescriptorLimit)
    let loop = try Loop(name: "test")
    try loop.start()
    defer { loop.shutdown() }
    try await loop.run { try await body(loop) }
    #expect(await left(on: loop) == "", sourceLocation: sourceLocation)
}

/// What is not zero among the loop's counters, as read on the loop.
func left(on loop: Loop) async -> String {
    await loop.run {
        let counters = [
            ("registrations", loop.registrations), ("timers", loop.timers), ("openStreams", loop.openStreams),
            ("waits", loop.waits),
        ]
        return counters.filter { $0.1 != 0 }.map { "\($0.0)=\($0.1)" }.joined(separator: " ")
    }
}

let loopback = SocketAddress.v4(address: 0x7F00_0001, port: 0)

/// Loopback too, 127.x.y.z with a number that no other test has: a port that is free there is taken by nobody else meanwhile.
func ownLoopback() -> SocketAddress {
    .v4(address: 0x7F00_0000 | UInt32.random(in: 0x1_0000..<0xFF_0000), port: 0)
}

/// A moment that must not come in these tests.
var patience: Deadline { .after(.seconds(300)) }

/// Two ends of one TCP connection on the loop.
func connectedPair(on loop: Loop, at address: SocketAddress = loopback) async throws -> (client: Stream, server: Stream)
{
    let listener = try Listener(on: loop, address: address)
    defer { listener.close() }
    let client = try await Stream.connect(to: listener.address, on: loop, until: patience)
    return (client, try await listener.accept(until: patience))
}

/// Runs the body with two connected streams, and closes them.
func withPair(
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: @Sendable @escaping (Loop, _ client: Stream, _ server: Stream) async throws -> Void
) async throws {
    try await onLoop(sourceLocation: sourceLocation) { loop in
        let (client, server) = try await connectedPair(on: loop)
        defer {
            client.close()
            server.close()
        }
        try await body(loop, client, server)
    }
}

/// The error of the body, as text to compare.
func failure(_ body: () async throws -> Void) async -> String {
    do {
        try await body()
        return "none"
    } catch let error as SocketError {
        if case .system(let number) = error { return number.name }
        return "\(error)"
    } catch {
        return "\(error)"
    }
}

/// A socket path that nobody else has.
func temporaryPath() -> String {
    "/tmp/net-\(getpid())-\(UInt64.random(in: 0 ... .max))"
}

/// A number that several tasks count up.
final class Shared: Sendable {
    private let number: Atomic<Int>

    init(_ number: Int) { self.number = Atomic(number) }

    var value: Int { number.load(ordering: .relaxed) }

    func add(_ step: Int) { number.wrappingAdd(step, ordering: .relaxed) }
}
