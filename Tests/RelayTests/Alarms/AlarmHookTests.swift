import DNS
import Foundation
import Glibc
import HTTPS
import Mail
import Net
import Synchronization
import Testing

@testable import Relay

@Suite("Who is told of alarms", .timeLimit(.minutes(5)))
struct AlarmHookTests {
    /// A script that a test writes, for /bin/sh: executed itself it may be busy, in a child that another test has just forked.
    func script(_ text: String) throws -> String {
        let path = "/tmp/alarm-\(UUID().uuidString.prefix(8)).sh"
        try "\(text)\n".write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    func run<Value: Sendable>(_ body: @escaping @Sendable (Loop) async -> Value) async throws -> Value {
        let loop = try Loop(name: "hook")
        try loop.start()
        defer { loop.shutdown() }
        return await loop.task { await body(loop) }.value
    }

    @Test("a command gets the tiding on its standard input, its arguments as they are, and nothing of our environment")
    func command() async throws {
        let output = "/tmp/alarm-\(UUID().uuidString.prefix(8)).out"
        let path = try script("cat > \"$1\"; echo \"$2|$HOME|$#\" >> \"$1\"; echo ignored; ls /proc/self/fd >> \"$1\"")
        defer {
            unlink(path)
            unlink(output)
        }
        let command = try #require(AlarmCommand(["/bin/sh", path, output, "$(id) b"]))
        #expect(try await run { await command.run(Array("{\"a\":1}\n".utf8), on: $0) } == nil)
        let text = try String(contentsOfFile: output, encoding: .utf8)
        #expect(text.hasPrefix("{\"a\":1}\n$(id) b||2\n"), "\(text)")
        // ls itself has 3 open, the folder.
        #expect(
            text.split(separator: "\n").suffix(4) == ["0", "1", "2", "3"] && text.split(separator: "\n").count == 6,
            "nothing of ours is open in it: \(text)")
    }

    @Test("a command that fails, hangs or is not there is told of, and what hangs is killed")
    func failing() async throws {
        let (failing, hanging) = (try script("exit 3"), try script("sleep 1000"))
        defer {
            unlink(failing)
            unlink(hanging)
        }
        let bad = try #require(AlarmCommand(["/bin/sh", failing]))
        let slow = try #require(AlarmCommand(["/bin/sh", hanging]))
        let none = try #require(AlarmCommand(["/nowhere/at/all"]))
        #expect(AlarmCommand([]) == nil)
        let problems = try await run { loop in
            [
                await bad.run([], on: loop), await slow.run([], on: loop, within: .milliseconds(50)),
                await none.run([], on: loop),
                await bad.run([UInt8](repeating: 0, count: AlarmCommand.bodyLimit + 1), on: loop),
            ]
        }
        #expect(problems[0]?.contains("status 3") == true && problems[1]?.contains("took longer") == true)
        #expect(problems[2]?.contains("cannot be started") == true && problems[3]?.contains("longer than") == true)
    }

    @Test("a post is tried again until it is taken, at any address that the name has")
    func post() async throws {
        let tries = Tries()
        let endpoint = try ReportEndpoint.read(uri: "https://alerts.example/waxwing").get()
        var post = AlarmPost(
            resolve: { question in
                Answer(question, question.type == .a ? .records([[10, 0, 0, 1]]) : .noData, .insecure)
            },
            request: { request in
                .success(HTTPSResponse(status: tries.note(request) < 3 ? 503 : 204, contentType: nil, body: []))
            }, endpoint: endpoint, trust: .system)
        post.pauses = [.milliseconds(1), .milliseconds(1)]
        let sending = post
        #expect(try await run { await sending.send([1], on: $0) } == nil)
        let made = tries.made
        #expect(made.count == 3 && made[0].addresses == [.v4(0x0A00_0001)] && made[0].path == "/waxwing")
        post.pauses = []
        tries.forget()
        let once = post
        #expect(try await run { await once.send([1], on: $0) }?.contains("503") == true)
    }

    @Test("tidings wait in order, so many and not one more, and only for a way that is wanted")
    func bounded() throws {
        let hook = AlarmHook(AlarmHook.Terms(command: AlarmCommand(["/bin/true"])))
        let alarm = OperatorAlarm(kind: .clockOff, subject: "", words: "w", raisedAt: WallTime(seconds: 0))
        for _ in 0..<AlarmHook.limit { hook.note(.raised, alarm) }
        #expect(hook.waiting(for: .command) == AlarmHook.limit && hook.waiting(for: .post) == 0)
        hook.note(.cleared, alarm)
        #expect(hook.waiting(for: .command) == AlarmHook.limit && hook.dropped(for: .command) == 1)
        hook.adopt(AlarmHook.Terms())
        #expect(hook.waiting(for: .command) == 0)
    }

    @Test("the JSON says what became of which alarm, and where")
    func json() throws {
        let alarm = OperatorAlarm(
            number: 7, kind: .portBlocked, subject: "", words: "w", raisedAt: WallTime(seconds: 5))
        let octets = try #require(
            ControlJSON.encode(AlarmTidingView(.raised, alarm, hostname: try DomainName("relay.example"))))
        #expect(
            String(decoding: octets, as: UTF8.self)
                == "{\"alarm\":{\"kind\":\"port-25-blocked\",\"local\":true,\"number\":7,\"raised_at\":5,\"seen_at\":5,"
                + "\"standing\":true,\"subject\":\"\",\"words\":\"w\"},\"event\":\"raised\",\"hostname\":\"relay.example\"}"
        )
    }
}

/// What was asked of the web service.
private final class Tries: Sendable {
    private let requests = Mutex<[HTTPSRequest]>([])

    var made: [HTTPSRequest] { requests.withLock { $0 } }

    /// - Returns: which one it is.
    func note(_ request: HTTPSRequest) -> Int {
        requests.withLock { requests in
            requests.append(request)
            return requests.count
        }
    }

    func forget() { requests.withLock { $0 = [] } }
}
