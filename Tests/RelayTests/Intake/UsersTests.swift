import Glibc
import Mail
import TLS
import Testing

@testable import Relay

@Suite("The file of users")
struct UsersTests {
    static let faults: [(String, Int?, String)] = [
        ("ada:secret\n", 1, "{SCRAM-SHA-256}"), ("# note\n\nada\n", 3, "no colon"),
        ("GOOD\nGOOD\n", 2, "line 1 already"), ("GOOD\nx:{SCRAM-SHA-256}1,,,\n", 2, "iterations"),
    ]

    @Test("a fault names the line and the cure", arguments: faults)
    func fault(text: String, line: Int?, words: String) throws {
        let good = String(decoding: try UsersWorld.record("ada", "pencil").line, as: UTF8.self)
        do {
            _ = try UsersFile(parsing: Array(text.replacing("GOOD", with: good).utf8), path: "/users")
            Issue.record("taken")
        } catch {
            #expect(error.line == line)
            #expect(error.problem.contains(words) && error.description.hasPrefix("/users, line "))
            #expect(!error.description.contains("secret"))
        }
    }

    @Test("notes, empty lines, CRLF and a missing last line end are taken and kept")
    func notes() throws {
        let line = String(decoding: try UsersWorld.record("ada", "pencil").line, as: UTF8.self)
        let text = "# who\n\n\(line)\r\n# end"
        var file = try UsersFile(parsing: Array(text.utf8), path: "/users")
        #expect(file.records.map(\.name.text) == ["ada"])
        file.set(try UsersWorld.record("bob", "x"))
        let ada = try #require(UserName("ada"))
        let bob = try #require(UserName("bob"))
        #expect(file[ada] != nil && file[bob] != nil)
        let removals = [file.remove(ada), file.remove(ada)]
        #expect(removals == [true, false])
        #expect(file[ada] == nil && file[bob] != nil)
        #expect(String(decoding: file.octets, as: UTF8.self).hasPrefix("# who\n\n# end\nbob:"))
    }

    @Test("at most 100,000 users")
    func limit() throws {
        let tail = try UsersWorld.record("x", "x").line.dropFirst()
        var octets: [UInt8] = []
        for number in 0..<UsersFile.usersLimit { octets += Array("u\(number)".utf8) + tail + [0x0A] }
        #expect(try UsersFile(parsing: octets, path: "/users").records.count == UsersFile.usersLimit)
        octets += Array("one".utf8) + tail
        #expect(throws: UsersFileFault.self) { try UsersFile(parsing: octets, path: "/users") }
    }

    @Test(
        "who may read and write the file",
        arguments: [
            (0o600, true), (0o640, true), (0o400, true), (0o644, false), (0o660, false), (0o602, false), (0o601, false),
        ])
    func mode(mode: mode_t, isGood: Bool) throws {
        var status = stat()
        status.st_mode = S_IFREG | mode
        status.st_uid = 105
        #expect((UsersFile.problem(of: status, "/users", for: 105) == nil) == isGood)
    }

    @Test("whose file it may be", arguments: [(0, 105, true), (105, 105, true), (106, 105, false), (106, 0, true)])
    func owner(owner: uid_t, user: uid_t, isGood: Bool) {
        var status = stat()
        status.st_mode = S_IFREG | 0o600
        status.st_uid = owner
        #expect((UsersFile.problem(of: status, "/users", for: user) == nil) == isGood)
    }

    @Test("no file, a folder and a pipe are told apart from an empty file")
    func kinds() throws {
        let world = try UsersWorld([])
        #expect(throws: UsersFileFault(path: world.path, code: ENOENT, verb: "opened")) {
            try UsersFile.load(world.path)
        }
        #expect(throws: UsersFileFault.self) { try UsersFile.load(world.folder) }
        mkfifo(world.path, 0o600)
        #expect(throws: UsersFileFault.self) { try UsersFile.load(world.path) }
        try world.write("")
        #expect(try UsersFile.load(world.path).records.isEmpty)
    }

    @Test("a change keeps the mode, leaves no other file behind, and what throws changes nothing")
    func change() throws {
        let world = try UsersWorld()
        #expect(chmod(world.path, 0o640) == 0)
        let before = try #require(FileStamp(path: world.path))
        struct No: Error {}
        #expect(throws: No.self) { try UsersFile.change(world.path) { (_) throws(No) in throw No() } }
        #expect(FileStamp(path: world.path) == before)
        try world.set("bob", "x")
        var status = stat()
        #expect(stat(world.path, &status) == 0 && status.st_mode & 0o7777 == 0o640)
        let names = try #require(opendir(world.folder))
        defer { closedir(names) }
        var count = 0
        while readdir(names) != nil { count += 1 }
        #expect(count == 3)
    }

    @Test("a changed file holds from the next login on, looked at once a second; a faulty one changes nothing")
    func reread() async throws {
        let world = try UsersWorld()
        let users = try world.users()
        let (ada, bob) = (Array("ada".utf8), Array("bob".utf8))
        #expect(await users.find(ada)?.isKnown == true)
        #expect(await users.find(bob)?.isKnown == false)
        try world.set("bob", "x")
        world.pass(.milliseconds(999))
        #expect(await users.find(bob)?.isKnown == false)
        world.pass(.milliseconds(1))
        #expect(await users.find(bob)?.isKnown == true)
        #expect(world.log.events == ["users-read"])

        try world.write("ada\n")
        world.pass(.seconds(1))
        #expect(await users.find(bob)?.isKnown == true)
        world.pass(.seconds(1))
        _ = await users.find(bob)
        #expect(world.log.events == ["users-read", "users-refused"])
        unlink(world.path)
        world.pass(.seconds(1))
        #expect(await users.find(bob)?.isKnown == true)
        try world.set("eve", "x")
        world.pass(.seconds(1))
        #expect(await users.find(bob)?.isKnown == false)
        #expect(await users.find(Array("eve".utf8))?.isKnown == true)
        #expect(world.log.events == ["users-read", "users-refused", "users-refused", "users-read"])
    }

    @Test("a name that nobody has looks like the others: the same salt each time, and the usual iterations and length")
    func unknown() async throws {
        let world = try UsersWorld([("a", "x"), ("b", "x")])
        try world.set("c", "x", iterations: 9000)
        let users = try world.users()
        let names = ["eve", "mallory", "", "no:name", String(repeating: "x", count: 300)].map { Array($0.utf8) }
        var salts: Set<[UInt8]> = []
        for name in names {
            let first = try #require(await users.find(name))
            let second = try #require(await users.find(name))
            #expect(!first.isKnown && first.verifier == second.verifier)
            #expect(first.verifier.iterations == 4096 && first.verifier.salt.count == 16)
            salts.insert(first.verifier.salt)
        }
        #expect(salts.count == names.count)
        let other = try #require(await world.users().find(names[0]))
        #expect(!salts.contains(other.verifier.salt))
    }

    @Test("more checks than may wait are put off, and none is lost")
    func overload() async throws {
        let threads = CheckThreads(limit: 1)
        let taken = await threads.run { 1 }
        #expect(taken == 1)
        #expect(await CheckThreads(limit: 0).run { 1 } == nil)
        let again = await threads.run { 2 }
        #expect(again == 2)
        let users = try UsersWorld().users(limit: 0)
        #expect(await users.find(Array("ada".utf8)) == nil)
    }
}
