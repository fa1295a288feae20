import Glibc
import Testing

@testable import Net

/// Sockets that systemd opened (sd_listen_fds(3)). What is done to the numbers from 3 on happens in processes of their own.
struct InheritedSocketTests {
    @Test(
        "variables that are not meant for this process, or name nothing, are no sockets",
        arguments: [
            [:] as [String: String],
            ["LISTEN_FDS": "1"],
            ["LISTEN_PID": "41", "LISTEN_FDS": "1"],
            ["LISTEN_PID": "", "LISTEN_FDS": "1"],
            ["LISTEN_PID": "+42", "LISTEN_FDS": "1"],
            ["LISTEN_PID": "99999999999999999999", "LISTEN_FDS": "1"],
            ["LISTEN_PID": "42"],
            ["LISTEN_PID": "42", "LISTEN_FDS": "0"],
            ["LISTEN_PID": "42", "LISTEN_FDS": "0", "LISTEN_FDNAMES": ""],
        ])
    func none(_ variables: [String: String]) throws {
        let sockets = try InheritedSockets(variables, process: 42)
        #expect(sockets.names.isEmpty)
        if case .some = sockets.take(named: "smtp") { Issue.record("there is one") }
    }

    @Test(
        "variables meant for this process and wrong are faults in words",
        arguments: [
            ("x", nil, "LISTEN_FDS=x is no number"),
            ("-1", nil, "LISTEN_FDS=-1 is no number"),
            ("65", nil, "65 are more than 64"),
            ("2", "smtp", "LISTEN_FDNAMES has 1 names for 2 descriptors"),
            ("1", "smtp:smtp", "LISTEN_FDNAMES has 2 names for 1 descriptors"),
        ] as [(String, String?, String)])
    func faults(_ count: String, _ names: String?, _ words: String) {
        let error = #expect(throws: InheritedSocketError.self) {
            try InheritedSockets(
                ["LISTEN_PID": "42", "LISTEN_FDS": count, "LISTEN_FDNAMES": names].compactMapValues { $0 }, process: 42)
        }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }

    @Test("sockets are found by name and taken once; the variables are gone, and children get neither")
    func taken() async throws {
        await #expect(processExitsWith: .success) {
            try await onLoop { loop in
                let handed = Handed()
                let tcp = try handed.listening(at: loopback)
                let path = temporaryPath()
                let unix = try handed.listening(at: .unix(path: path))
                let second = try handed.listening(at: loopback)
                let first = try handed.handOver([(tcp, "smtp"), (unix, "local"), (second, "smtp")])

                let sockets = try InheritedSockets.take(from: first)
                #expect(sockets.names == ["smtp", "local", "smtp"])
                #expect(Handed.variables.isEmpty)
                #expect(try InheritedSockets.take(from: first).names.isEmpty)
                #expect((first..<first + 3).allSatisfy { fcntl($0, F_GETFD) == FD_CLOEXEC })

                guard let smtp = sockets.take(named: "smtp"), let local = sockets.take(named: "local") else {
                    Issue.record("not there")
                    return
                }
                #expect(sockets.names == ["smtp"])
                let listener = try Listener(adopting: smtp, on: loop)
                let unixListener = try Listener(adopting: local, on: loop)
                #expect(listener.address.port == handed.port(of: tcp))
                #expect(unixListener.address == .unix(path: path))
                for one in [listener, unixListener] {
                    let client = try await Stream.connect(to: one.address, on: loop, until: patience)
                    let server = try await one.accept(until: patience)
                    try await server.write([1], until: patience)
                    #expect(try await client.read(upTo: 1, until: patience) == [1])
                    client.close()
                    server.close()
                }
                // systemd goes on with both: clients are still let in, and the file is there.
                listener.close()
                unixListener.close()
                for address in [listener.address, unixListener.address] {
                    try await Stream.connect(to: address, on: loop, until: patience).close()
                }
                var status = stat()
                #expect(stat(path, &status) == 0)
                unlink(path)
            }
        }
    }

    @Test("what nobody takes is closed here, and goes on listening elsewhere")
    func dropped() async throws {
        await #expect(processExitsWith: .success) {
            try await onLoop { loop in
                let handed = Handed()
                let number = try handed.listening(at: loopback)
                let first = try handed.handOver([(number, "smtp")])
                #expect(try InheritedSockets.take(from: first).names == ["smtp"])
                #expect(fcntl(first, F_GETFD) == -1)
                let port = try #require(handed.port(of: number))
                try await Stream.connect(to: .v4(address: 0x7F00_0001, port: port), on: loop, until: patience).close()
            }
        }
    }

    @Test("the variables of the process that started this one are left unheeded, as in the resolver's worker")
    func ofParent() async throws {
        await #expect(processExitsWith: .success) {
            let handed = Handed()
            let number = try handed.listening(at: loopback)
            let first = try handed.handOver([(number, "smtp")])
            setenv("LISTEN_PID", "\(getppid())", 1)
            #expect(try InheritedSockets.take(from: first).names.isEmpty)
            #expect(Handed.variables.isEmpty)
            #expect(fcntl(first, F_GETFD) != -1, "it is not ours to close")
        }
    }

    @Test("an adopted listener does not block, and its close ends accept")
    func adopted() async throws {
        try await onLoop { loop in
            let handed = Handed()
            let number = try handed.listening(at: loopback)
            let listener = try Listener(adopting: FileDescriptor(owning: fcntl(number, F_DUPFD, 3)), on: loop)
            #expect(
                await failure { _ = try await listener.accept(until: .after(.milliseconds(5))) } == "deadline passed")
            async let accepting = failure { _ = try await listener.accept() }
            while loop.waits == 0 { await Task.yield() }
            listener.close()
            #expect(await accepting == "closed")
        }
    }

    @Test("up to the bound all sockets are taken")
    func bound() async throws {
        await #expect(processExitsWith: .success) {
            let handed = Handed()
            let one = try handed.listening(at: loopback)
            let first = try handed.handOver(Array(repeating: (one, "smtp"), count: InheritedSockets.limit))
            #expect(try InheritedSockets.take(from: first).names.count == 64)
        }
    }

    @Test(
        "what is no listening stream socket is refused with its name and number",
        arguments: ["closed", "file", "datagram", "connected", "not listening"])
    func unfit(_ kind: String) async throws {
        await #expect(processExitsWith: .success) { [kind] in
            let handed = Handed()
            var pair: [CInt] = [-1, -1]
            let number: CInt =
                switch kind {
                case "file": open("/dev/null", O_RDONLY)
                case "datagram": socket(AF_INET, CInt(SOCK_DGRAM.rawValue), 0)
                case "connected": socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &pair) == 0 ? pair[0] : -1
                case "not listening": socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
                default: -1
                }
            #expect((number == -1) == (kind == "closed"))
            let good = try handed.listening(at: loopback)
            let first = try handed.handOver([(good, "good"), (number, "bad")])
            let error = #expect(throws: InheritedSocketError.self) { try InheritedSockets.take(from: first) }
            #expect(error?.description.contains("bad (descriptor \(first + 1))") == true, "\(error?.description ?? "")")
            #expect(Handed.variables.isEmpty)
        }
    }
}

/// systemd's part.
final class Handed {
    private var numbers: [CInt] = []

    deinit { for number in numbers { _ = closeNumber(number) } }

    /// A listening socket with a number above those that are handed over.
    func listening(at address: SocketAddress) throws -> CInt {
        let descriptor = try FileDescriptor { socket(address.family, CInt(SOCK_STREAM.rawValue), 0) }
        let number = descriptor.rawValue
        try address.withSockaddr { pointer, length throws(Errno) in
            try Errno.check { bind(number, pointer, length) }
        }
        try Errno.check { listen(number, 16) }
        let kept = try Errno.check { fcntl(number, F_DUPFD_CLOEXEC, 500) }
        numbers.append(kept)
        return kept
    }

    func port(of number: CInt) -> UInt16? {
        try? SocketAddress.read { pointer, length throws(Errno) in
            try Errno.check { getsockname(number, pointer, length) }
        }?.port
    }

    /// Puts the sockets beside each other as systemd puts them; a number of -1 is a place that is left empty.
    /// - Returns: the first place.
    func handOver(_ sockets: [(number: CInt, name: String)]) throws -> CInt {
        let first: CInt = 300
        for (index, socket) in sockets.enumerated() where socket.number >= 0 {
            try Errno.check { dup2(socket.number, first + CInt(index)) }
        }
        setenv("LISTEN_PID", "\(getpid())", 1)
        setenv("LISTEN_FDS", "\(sockets.count)", 1)
        setenv("LISTEN_FDNAMES", sockets.map(\.name).joined(separator: ":"), 1)
        return first
    }

    static var variables: [String] {
        ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"].filter { getenv($0) != nil }
    }
}
