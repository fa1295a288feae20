import Foundation
import Glibc
import Net
import Testing

@testable import Relay

@Suite("A start that fails, in the log", .timeLimit(.minutes(5)))
struct StartFailureTests {
    private static func fault(_ number: Int = 3) -> ConfigurationFault {
        ConfigurationFault(
            file: "f", place: TextPlace(line: number, column: 7), key: "dns", problem: "is \"wrong\"", cure: "Mend it")
    }

    /// What is written to a pipe, which is no terminal.
    private static func told(_ failure: StartFailure, _ format: Configuration.LogFormat?, level: String = "info") throws
        -> [String]
    {
        var log = try Configuration.parse(text: "[log]\nlevel = \"\(level)\"", file: "f").log
        log.format = format
        var ends: [CInt] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { close(ends[0]) }
        let output = LogOutput(descriptor: ends[1])
        failure.tell(log, on: output)
        output.flush(within: 60)
        // Who reads finds the end where nothing was written.
        close(ends[1])
        var octets = [UInt8](repeating: 0, count: 65_536)
        let count = read(ends[0], &octets, octets.count)
        return String(decoding: octets.prefix(max(0, count)), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test("a fault is an event with its place, at level error whatever is logged", arguments: ["info", "critical"])
    func fault(level: String) throws {
        let fields = "event=start-failed file=f line=3 column=7 key=dns reason=\"is \\\"wrong\\\"\" cure=\"Mend it\""
        let failure = StartFailure([Self.fault()])
        #expect(try Self.told(failure, nil, level: level) == ["<3>\(fields)"])
        #expect(try Self.told(failure, .journal, level: level) == ["<3>\(fields)"])
        let text = try Self.told(failure, .text, level: level)
        #expect(text.count == 1 && text[0].hasSuffix(" error \(fields)"))
        let json = try Self.told(failure, .json, level: level)
        let object =
            try JSONSerialization.jsonObject(with: Foundation.Data(try #require(json.first).utf8)) as? [String: Any]
        #expect(object?["event"] as? String == "start-failed" && object?["line"] as? Int == 3 && json.count == 1)
        #expect(object?["reason"] as? String == "is \"wrong\"" && object?["level"] as? String == "error")
    }

    @Test("what has no place in the file is told of by its reason; a port has one")
    func errors() {
        #expect(
            StartFailure(ServiceError.store("the disk is full")).events.map(\.text) == [
                "event=start-failed reason=\"the disk is full\""
            ])
        #expect(StartFailure(ServiceError.listen(Self.fault())).events.map { $0.text.contains("line=3") } == [true])
        #expect(StartFailure(ServiceError.files([Self.fault(1), Self.fault(2)])).events.count == 2)
    }

    @Test("a hundred faults are told, and how many there are besides")
    func many() {
        func events(_ count: Int) -> [LogLine] { StartFailure((1...count).map { Self.fault($0) }).events }
        let limit = ConfigurationFault.lineLimit
        #expect(limit == 100 && events(limit).count == limit)
        let more = events(limit + 2)
        #expect(more.count == limit + 1 && more.last?.text.contains("others=2") == true)
    }

    @Test("the form of the log is known also where another key is wrong")
    func form() {
        do throws(ConfigurationError) {
            _ = try Configuration.parse(text: "[log]\nformat = \"json\"\n[dns]\nx = 1", file: "f")
            Issue.record("it was taken")
        } catch {
            #expect(error.log.format == .json)
        }
    }

    @Test(
        "what to do where nobody can listen",
        arguments: [
            (EADDRNOTAVAIL, "This machine has no such address", "This machine has no such address"),
            (EADDRINUSE, "End what listens there", "End what listens there"),
            (EROFS, "Mount the file system", "Mount the file system"),
            (EACCES, "Ports below 1024 need a right", "Let the user of relayd write"),
            (ENOENT, nil, "Create its folder"),
            (ENOMEM, nil, nil),
        ] as [(CInt, String?, String?)])
    func cures(number: CInt, port: String?, path: String?) {
        let error = Errno(rawValue: number)
        func isRight(_ address: SocketAddress, _ beginning: String?) -> Bool {
            let cure = error.cure(listeningAt: address)
            return beginning.map { cure?.hasPrefix($0) == true } ?? (cure == nil)
        }
        #expect(isRight(.v4(address: 0x7F00_0001, port: 25), port) && isRight(.unix(path: "/x/y"), path))
    }

    @Test("a point that cannot be listened on has its place and its cure")
    func point() throws {
        let text = "[intake]\nlisten = [\"127.0.0.1:25\", \"192.0.2.77:25\"]"
        let configuration = try Configuration.parse(text: text, file: "f")
        let point = try #require(ListenPoint("192.0.2.77:25"))
        let fault = configuration.fault(IntakeServer.ListenError(point, .addressNotAvailable))
        #expect(
            fault.description.hasPrefix(
                "f:2:27: intake.listen[1]: cannot listen on 192.0.2.77:25: EADDRNOTAVAIL (Cannot assign requested address). This machine "
                    + "has no such address: "))
        #expect(!ServiceError.listen(fault).isConfiguration)
    }

    @Test("a port below 1024 that a reload asks for: who was root at the start is told to restart")
    func afterRoot() throws {
        func cure(_ text: String, _ error: Errno) throws -> String? {
            IntakeServer.ListenError(try #require(ListenPoint(text)), error).afterRoot.cure
        }
        #expect(try cure("192.0.2.77:1023", .permissionDenied)?.hasSuffix("restart it to listen there") == true)
        for (text, error) in [
            ("192.0.2.77:1024", Errno.permissionDenied), ("192.0.2.77:25", .addressInUse),
            ("unix:/x/y", .permissionDenied),
        ] {
            #expect(try cure(text, error)?.contains("restart it") == false, "\(text) \(error)")
        }
    }
}
