import Foundation
import Glibc
import Net
import TLS
import Testing

@testable import Relay

/// What `relayd --check` and the start ask of the machine: the same.
@Suite("What must be there at a start")
struct ConfigurationStartTests {
    private static func read(_ text: String) throws -> Configuration { try Configuration.parse(text: text, file: "f") }

    /// Everything is well but this.
    private static func survey(_ wrong: [String: (FileSurvey.Use, FileSurvey.Problem)]) -> FileSurvey {
        FileSurvey { path, use in wrong[path].flatMap { $0.0 == use ? $0.1 : nil } }
    }

    private final class Folder {
        // Not below TMPDIR: others cannot pass through that.
        let path = "/tmp/start-\(UUID().uuidString)"

        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    @Test(
        "two sockets at one path",
        arguments: [
            (
                "[control]\nsocket = \"/x/a\"\nread_socket = \"/x/a\"",
                "f:3:15: control.read_socket: is the path of control.socket. Give it a path of its own: \"/run/waxwing/read.sock\"."
            ),
            (
                "[control]\nread_socket = \"/x/a\"\n[tlsrpt]\nsocket = \"/x/a\"",
                "f:4:10: tlsrpt.socket: is the path of control.read_socket. Give it a path of its own: \"/run/waxwing/tlsrpt.sock\"."
            ),
            (
                "[control]\nread_socket = \"/x/a\"\n[intake]\nlisten = [\"unix:/x/a\"]",
                "f:4:11: intake.listen[0]: is the path of control.read_socket. Give it a path of its own."
            ),
        ])
    func paths(text: String, expected: String) { #expect(ConfigurationTests.faults(text) == [expected]) }

    @Test("the folders of sockets: each with its place, and what to do")
    func sockets() throws {
        let configuration = try Self.read(
            """
            [control]
            socket = "/x/c.sock"
            read_socket = "/y/r.sock"
            [intake]
            listen = ["unix:/z/i.sock"]
            """)
        let files = Self.survey([
            "/x/c.sock": (.ownSocket, .unmakeable),
            "/y/r.sock": (.ownSocket, .folder(.readOnly)),
            "/z/i.sock": (.socket, .inTheWay),
        ])
        let expected = [
            "f:2:10: control.socket: /x/c.sock lies in a folder that does not exist, and that relayd cannot make. Create /x and give "
                + "it to the user of relayd, or have the service manager make it (RuntimeDirectory=).",
            "f:3:15: control.read_socket: /y/r.sock lies in a folder that is on a file system that is mounted for reading only. Mount "
                + "it for writing, or choose another folder; a unit of systemd must name it under ReadWritePaths=.",
            "f:5:11: intake.listen[0]: /z/i.sock is there already, and is no socket. Remove it, or choose another path.",
        ]
        #expect(configuration.checkStart(files: files).map(\.description) == expected)
        #expect(configuration.check(files: files).map(\.description) == expected)
        #expect(configuration.check(files: FileSurvey { _, _ in nil }).isEmpty)
    }

    @Test("a folder that is there is not to be created: the cure is what it lacks")
    func cures() throws {
        let configuration = try Self.read("[store]\ndirectory = \"/x/queue\"\n[control]\nsocket = \"/x/c.sock\"")
        func cures(_ problem: FileSurvey.Problem) -> [String] {
            let files = Self.survey([
                "/x/queue": (.writableDirectory, problem), "/x/c.sock": (.ownSocket, .folder(problem)),
            ])
            return configuration.check(files: files).map(\.cure)
        }
        #expect(
            cures(.foreign(owner: 0, user: "waxwing")) == [
                "Say chown waxwing /x/queue", "Choose a folder that is relayd's own, or say chown waxwing /x",
            ])
        let above = "let the user of relayd pass through the folders above it"
        #expect(
            cures(.unwritable(by: "waxwing")) == [
                "Say chmod u+rwx /x/queue, and \(above)", "Say chmod u+rwx /x, and \(above)",
            ])
        for problem in [FileSurvey.Problem.readOnly, .unseen("Permission denied")] {
            #expect(cures(problem).allSatisfy { !$0.contains("reate") } && cures(problem).count == 2)
        }
        #expect(
            cures(.absence) == [
                "Create it and give it to the user of relayd", "Create /x and give it to the user of relayd",
            ])
        let unread = try Self.read("[intake]\ntls_certificate = \"/c\"\ntls_key = \"/k\"").check(
            files: Self.survey(["/k": (.readableFile, .unreadable(by: "waxwing"))]))
        #expect(unread.map { $0.cure.contains("chown it, or chgrp it and chmod 640") } == [true])
    }

    @Test(
        "as root: a folder of another user is known as such",
        .enabled(if: geteuid() == 0, "only root becomes another user"))
    func foreign() throws {
        let user = try SystemUser(named: "daemon")
        let folder = try Folder()
        try #require(chmod(folder.path, 0o700) == 0)
        let files = FileSurvey.loading(into: TrustStores(), ClientIdentities(), for: user)
        #expect(files.problem(folder.path, .writableDirectory) == .foreign(owner: 0, user: "daemon"))
        try #require(chown(folder.path, user.number, user.group) == 0)
        #expect(files.problem(folder.path, .writableDirectory) == nil)
        try #require(chmod(folder.path, 0o500) == 0)
        #expect(files.problem(folder.path, .writableDirectory) == .unwritable(by: "daemon"))
    }

    @Test("below /run a folder is the service manager's to make: a warning for a user, a fault for root")
    func serviceManager() throws {
        let configuration = try Self.read("[control]\nsocket = \"/run/x/c.sock\"")
        let files = Self.survey(["/run/x/c.sock": (.ownSocket, .unmakeable)])
        #expect(configuration.checkStart(files: files, isRoot: false).isEmpty)
        let warnings = configuration.startWarnings(files: files, isRoot: false)
        #expect(warnings.count == 1 && warnings[0].hasPrefix("f:2:10: control.socket: /run/x/c.sock lies in a folder "))
        #expect(configuration.checkStart(files: files, isRoot: true).map(\.key) == ["control.socket"])
        #expect(configuration.startWarnings(files: files, isRoot: true).isEmpty)
        // Any other fault is one for both.
        let inTheWay = Self.survey(["/run/x/c.sock": (.ownSocket, .inTheWay)])
        #expect(configuration.checkStart(files: inTheWay, isRoot: false).count == 1)
        // The folder of a client's socket is another service's, which may come later.
        let door = try Self.read("[intake]\nlisten = [\"unix:/run/other/i.sock\"]")
        let later = Self.survey(["/run/other/i.sock": (.socket, .folder(.absence))])
        #expect(door.checkStart(files: later, isRoot: false).isEmpty)
        #expect(door.startWarnings(files: later, isRoot: false).count == 1)
        #expect(door.checkStart(files: later, isRoot: true).map(\.key) == ["intake.listen[0]"])
    }

    @Test("a Unix socket of the intake may lie in a folder that is made for the control socket")
    func besides() throws {
        let folder = try Folder()
        let made = "\(folder.path)/run"
        let configuration = try Self.read(
            "[control]\nsocket = \"\(made)/c.sock\"\n[intake]\nlisten = [\"unix:\(made)/i.sock\"]")
        #expect(configuration.checkStart(files: .system).isEmpty)
        let alone = try Self.read(
            "[control]\nsocket = \"\(folder.path)/c.sock\"\n[intake]\nlisten = [\"unix:\(made)/i.sock\"]")
        let faults = alone.checkStart(files: .system)
        #expect(
            faults.map(\.key) == ["intake.listen[0]"]
                && faults[0].cure == "Create \(made) and give it to the user of relayd")
    }

    @Test("the system's survey: a folder that can be made, one that cannot, and what is run")
    func survey() throws {
        let folder = try Folder()
        func problem(_ path: String, _ use: FileSurvey.Use) -> String? {
            FileSurvey.system.problem("\(folder.path)\(path)", use)?.description
        }
        #expect(problem("/c.sock", .ownSocket) == nil)
        #expect(problem("/run/c.sock", .ownSocket) == nil)
        #expect(
            problem("/run/deeper/c.sock", .ownSocket)
                == "lies in a folder that does not exist, and that relayd cannot make")
        #expect(problem("/run/c.sock", .socket) == "lies in a folder that does not exist")
        let program = "\(folder.path)/page-me"
        #expect(problem("/page-me", .program) == "does not exist")
        #expect(problem("", .program) == "is a directory")
        try #require(FileManager.default.createFile(atPath: program, contents: nil) && chmod(program, 0o600) == 0)
        #expect(problem("/page-me", .program) == "may not be executed by the user this runs as")
        try #require(chmod(program, 0o700) == 0)
        #expect(problem("/page-me", .program) == nil)
    }

    @Test("users and groups that are not there")
    func names() throws {
        let configuration = try Self.read(
            """
            [server]
            user = "no-such-user"
            [control]
            socket = "/x/c"
            read_socket = "/x/r"
            read_group = "no-such-group"
            [[intake.listener]]
            listen = ["unix:/x/i"]
            socket_group = "no-group-either"
            """)
        let group = "Name one that getent group shows, or make it: addgroup --system"
        #expect(
            configuration.checkStart(files: FileSurvey { _, _ in nil }, isRoot: true).map(\.description) == [
                "f:2:8: server.user: there is no user \"no-such-user\" on this machine: adduser --system --group "
                    + "--no-create-home no-such-user.",
                "f:6:14: control.read_group: there is no group \"no-such-group\" on this machine. \(group) no-such-group.",
                "f:9:16: intake.listener[0].socket_group: there is no group \"no-group-either\" on this machine. "
                    + "\(group) no-group-either.",
            ])
        let root = try Self.read("[server]\nuser = \"root\"").checkStart(
            files: FileSurvey { _, _ in nil }, isRoot: true)
        #expect(root.map(\.key) == ["server.user"] && root[0].problem.contains("name one with few rights"))
        // Who is not root becomes nobody else.
        let plain = configuration.checkStart(files: FileSurvey { _, _ in nil }, isRoot: false)
        #expect(plain.map(\.key) == ["control.read_group", "intake.listener[0].socket_group"])
        let warnings = configuration.startWarnings(files: FileSurvey { _, _ in nil }, isRoot: false)
        #expect(warnings.count == 1 && warnings[0].contains("server.user: there is no user"))
        // Without the socket nobody asks for its group.
        #expect(
            try Self.read("[control]\nread_group = \"no-such-group\"").checkStart(files: FileSurvey { _, _ in nil })
                .isEmpty)
    }

    @Test("a group that cannot be looked up for the moment ends no start: it may be there a moment later")
    func unreadGroup() async {
        // In a process of its own, where the file of groups cannot be opened: no descriptor is left.
        await #expect(processExitsWith: .success) {
            let configuration = try Configuration.parse(
                text: "[control]\nread_socket = \"/x/r\"\nread_group = \"no-such-group\"", file: "f")
            var bound = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &bound)
            let usual = bound.rlim_cur
            bound.rlim_cur = 0
            #expect(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &bound) == 0)
            let group = Result { () throws(FileGroupError) in try FileGroup(named: "no-such-group") }
            let faults = configuration.checkStart(files: FileSurvey { _, _ in nil }, isRoot: false)
            bound.rlim_cur = usual
            #expect(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &bound) == 0)
            #expect(group == .failure(.notRead("no-such-group", Errno(rawValue: EMFILE))))
            #expect(faults.isEmpty)
        }
    }

    @Test(
        "as root: what the resolver's worker reads, the user of relayd must be able to read",
        .enabled(if: geteuid() == 0, "only root becomes another user"))
    func worker() throws {
        let folder = try Folder()
        let hints = "\(folder.path)/hints"
        try #require(FileManager.default.createFile(atPath: hints, contents: nil) && chmod(hints, 0o600) == 0)
        func faults(_ hints: String) throws -> [String] {
            let configuration = try Self.read("[server]\nuser = \"daemon\"\n[dns]\nroot_hints = \"\(hints)\"")
            return configuration.check().filter { $0.key == "dns.root_hints" }.map(\.description)
        }
        #expect(
            try faults(hints) == [
                "f:4:14: dns.root_hints: \(hints) may not be read by daemon. Correct the path, or let the user of relayd read the file: "
                    + "chown it, or chgrp it and chmod 640."
            ])
        #expect(try faults("/etc/passwd").isEmpty)
    }

    @Test("an alarm's command that cannot be run is a warning with its place: mail goes on without")
    func command() throws {
        let configuration = try Self.read("[alarm]\ncommand = [\"/x/page\", \"me\"]")
        let files = Self.survey(["/x/page": (.program, .absence)])
        #expect(
            configuration.startWarnings(files: files) == [
                "f:2:12: alarm.command[0]: /x/page does not exist. Correct the path, or let the user of relayd execute it (chmod 755)."
            ])
        #expect(configuration.check(files: files).isEmpty)
    }

    @Test("all faults at once, in the order of the file: files, keys and names")
    func all() throws {
        let folder = try Folder()
        try #require(chmod(folder.path, 0o755) == 0)
        let text = """
            [[dkim.key]]
            domain = "d.test"
            selector = "s"
            file = "/nonexistent/key"
            [store]
            directory = "\(folder.path)"
            [intake]
            tls_certificate = "/nonexistent/c"
            tls_key = "/nonexistent/k"
            [server]
            hostname = "relay.d.test"
            user = "no-such-user"
            [dns]
            root_trust_anchor = "/nonexistent/anchor"
            [control]
            socket = "\(folder.path)/c.sock"
            """
        let faults = Service.faults(try Self.read(text))
        #expect(
            faults.map(\.key) == [
                "dkim.key[0].file", "store.directory", "intake.tls_certificate", "intake.tls_key",
            ] + (geteuid() == 0 ? ["server.user"] : []) + ["dns.root_trust_anchor"])
        let lines = [4, 6, 8, 9] + (geteuid() == 0 ? [12] : []) + [14]
        #expect(faults.compactMap(\.place?.line) == lines && faults.allSatisfy { $0.file == "f" })
    }
}
