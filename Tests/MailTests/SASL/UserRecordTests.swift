import Testing

@testable import Mail

private let salt = [UInt8](repeating: 1, count: 16)
private let key = [UInt8](repeating: 2, count: 32)
private let salt64 = String(decoding: Base64.encoded(salt), as: UTF8.self)
private let key64 = String(decoding: Base64.encoded(key), as: UTF8.self)
private let kept = "15000,\(salt64),\(key64),\(key64)"

@Suite struct UserRecordTests {
    @Test(
        "a record is read as it was written",
        arguments: ["ada", "ada@example.org", "ä b", "a,b=c", String(repeating: "n", count: 255)])
    func roundTrip(name: String) throws {
        let name = try #require(UserName(name))
        let verifier = try #require(SCRAMVerifier(iterations: 15_000, salt: salt, storedKey: key, serverKey: key))
        let record = UserRecord(name: name, verifier: verifier)
        #expect(try UserRecord(parsing: record.line) == record)
        #expect(String(decoding: record.line, as: UTF8.self) == "\(name):{SCRAM-SHA-256}\(kept)")
    }

    @Test("the longest record fits the limit of a line")
    func longest() throws {
        let name = try #require(UserName([UInt8](repeating: 0x61, count: 255)))
        let verifier = try #require(
            SCRAMVerifier(
                iterations: 1_000_000, salt: [UInt8](repeating: 1, count: 64), storedKey: key, serverKey: key))
        let line = UserRecord(name: name, verifier: verifier).line
        #expect(line.count == UserRecord.longestRecord)
        #expect(UserRecord.longestRecord <= UserRecord.lineLimit)
        #expect(try UserRecord(parsing: line).verifier.salt.count == 64)
    }

    @Test("what doveadm pw prints is taken behind a name and a colon")
    func dovecot() throws {
        // doveadm pw -s SCRAM-SHA-256 -p pencil
        let line =
            "user:{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==,WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,"
            + "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
        #expect(try UserRecord(parsing: Array(line.utf8)).verifier.iterations == 4096)
    }

    static let faults: [(String, UserRecordFault)] = [
        ("", .noColon), ("ada", .noColon),
        (":{SCRAM-SHA-256}\(kept)", .name),
        (" ada:{SCRAM-SHA-256}\(kept)", .name), ("ada :{SCRAM-SHA-256}\(kept)", .name),
        ("#ada:{SCRAM-SHA-256}\(kept)", .name), ("a\tb:{SCRAM-SHA-256}\(kept)", .name),
        (String(repeating: "n", count: 256) + ":{SCRAM-SHA-256}\(kept)", .name),
        ("ada:secret", .scheme), ("ada:{PLAIN}secret", .scheme), ("ada:{SCRAM-SHA-1}\(kept)", .scheme),
        ("ada:{scram-sha-256}\(kept)", .scheme), ("ada:", .scheme),
        ("ada:{SCRAM-SHA-256}", .fields), ("ada:{SCRAM-SHA-256}\(kept),", .fields),
        ("ada:{SCRAM-SHA-256}15000,\(salt64),\(key64)", .fields),
        ("ada:{SCRAM-SHA-256}4095,\(salt64),\(key64),\(key64)", .iterations),
        ("ada:{SCRAM-SHA-256}1000001,\(salt64),\(key64),\(key64)", .iterations),
        ("ada:{SCRAM-SHA-256},\(salt64),\(key64),\(key64)", .iterations),
        ("ada:{SCRAM-SHA-256}99999999999999999999,\(salt64),\(key64),\(key64)", .iterations),
        ("ada:{SCRAM-SHA-256}+5000,\(salt64),\(key64),\(key64)", .iterations),
        ("ada:{SCRAM-SHA-256}15000,AAAAAAAAAA==,\(key64),\(key64)", .salt),
        ("ada:{SCRAM-SHA-256}15000,,\(key64),\(key64)", .salt),
        ("ada:{SCRAM-SHA-256}15000,?,\(key64),\(key64)", .salt),
        ("ada:{SCRAM-SHA-256}15000,\(salt64),AAAA,\(key64)", .keys),
        ("ada:{SCRAM-SHA-256}15000,\(salt64),\(key64),AAAA", .keys),
        ("ada:{SCRAM-SHA-256}15000,\(salt64),\(key64),\(key64) ", .keys),
        ("ada:{SCRAM-SHA-256}15000,\(salt64),\(key64),\(key64):uid", .keys),
        (String(repeating: "n", count: 513), .tooLong), (String(repeating: "n", count: 512), .noColon),
    ]

    @Test("what is no record, and why", arguments: faults)
    func refused(text: String, fault: UserRecordFault) {
        #expect(throws: fault) { try UserRecord(parsing: Array(text.utf8)) }
        #expect(!fault.words.isEmpty)
    }

    @Test(
        "passwords and names within their bounds",
        arguments: [
            (1, true, true), (0, false, false), (255, true, true), (256, false, true), (1024, false, true),
            (1025, false, false),
        ])
    func bounds(count: Int, isName: Bool, isPassword: Bool) {
        let octets = [UInt8](repeating: 0x61, count: count)
        #expect((UserName(octets) != nil) == isName)
        #expect((Password(octets) != nil) == isPassword)
    }

    @Test(
        "controls and what is no UTF-8 are in no password",
        arguments: [[0x00], [0x1F], [0x7F], [0xC2, 0x85], [0xFF], [0xC3]])
    func controls(octets: [UInt8]) {
        #expect(Password([0x61] + octets) == nil)
        #expect(UserName([0x61] + octets) == nil)
        #expect(Password([0x61, 0xC3, 0xA4]) != nil)
    }

    @Test("no rendering of a password or a verifier tells it")
    func secrecy() throws {
        let password = try #require(Password(Array("pencil".utf8)))
        let verifier = try #require(SCRAMVerifier(iterations: 15_000, salt: salt, storedKey: key, serverKey: key))
        var text = "\(password) \(verifier) \(String(reflecting: password)) \(String(reflecting: verifier))"
        dump(password, to: &text)
        dump(SASLServer.Action.checkPassword(password, verifier), to: &text)
        #expect(!text.contains("pencil") && !text.contains("112, 101"))
    }
}
