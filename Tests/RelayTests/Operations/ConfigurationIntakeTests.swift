import Foundation
import Glibc
import Mail
import Net
import Testing

@testable import Relay

@Suite("Configuration of [intake]")
struct ConfigurationIntakeTests {
    static let fingerprint = String(repeating: "0123456789ABCDEF", count: 4)

    static func parse(_ text: String) throws -> Configuration.Intake {
        try Configuration.parse(text: text, file: "f").intake
    }

    // MARK: Values

    @Test(
        "points to listen on read back as they were written",
        arguments: [
            "127.0.0.1:2525", "[::1]:2525", "[fe80::1%2]:25", "unix:/run/waxwing/smtp.sock", "systemd:smtp",
            "systemd:waxwing.socket", "systemd:\(String(repeating: "n", count: 255))",
            "unix:/\(String(repeating: "p", count: 106))",
        ])
    func points(text: String) {
        #expect(ListenPoint(text)?.description == text)
    }

    @Test(
        "what is no point to listen on",
        arguments: [
            "", "25", "localhost:25", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "::1:25", "unix:", "unix:relative",
            "unix:/a\nb", "systemd:", "systemd:a:b", "systemd:a\tb", "systemd:ä",
            // One past their limits.
            "systemd:\(String(repeating: "n", count: 256))", "unix:/\(String(repeating: "p", count: 107))",
        ])
    func noPoints(text: String) {
        #expect(ListenPoint(text) == nil)
    }

    @Test("every key is read")
    func all() throws {
        let read = try Self.parse(
            """
            [intake]
            listen = ["[::1]:25", "unix:/s", "systemd:smtp"]
            users_file = "/u"
            client_ca_file = "/ca"
            client_fingerprints = ["\(Self.fingerprint)"]
            xforward_networks = ["192.0.2.1"]
            proxy_networks = ["192.0.2.2/31"]
            queue_limit = 100_000_000
            content_memory = "1 MB"
            auth_failure_limit = 100
            minimum_data_rate = "1 KiB"
            stress_percent = 100
            stress_timeout = "5m"
            message_rate = "1000000/1d"
            recipient_rate = "1/1s"
            connection_rate = "10/90s"
            """)
        #expect(
            read.listen == [
                .address(.v6(high: 0, low: 1, port: 25, scope: 0)), .unix(path: "/s"), .inherited(name: "smtp"),
            ])
        #expect(read.usersFile == "/u" && read.clientCAFile == "/ca")
        #expect(read.clientFingerprints.first?.octets.prefix(2) == [0x01, 0x23])
        #expect(read.xforwardNetworks.map(\.description) == ["192.0.2.1/32"])
        #expect(read.proxyNetworks.map(\.description) == ["192.0.2.2/31"])
        #expect(read.queueLimit == 100_000_000 && read.contentMemory == 1_000_000 && read.authFailureLimit == 100)
        #expect(read.minimumDataRate == 1024 && read.stressPercent == 100 && read.stressTimeout == .seconds(300))
        #expect(read.messageRate.rate == Rate(count: 1_000_000, seconds: 86_400))
        #expect(read.recipientRate.rate == Rate(count: 1, seconds: 1))
        #expect(read.connectionRate.rate == Rate(count: 10, seconds: 90))
        #expect(read.asksForCertificates)
    }

    @Test(
        "values are spelled so that they read the same again",
        arguments: ["\"100/60s\"", "\"5/1h\"", "\"\""])
    func rates(spelling: String) throws {
        let node = try TOMLNode.parse("x = \(spelling)")
        guard case .table(let entries) = node, let value = entries.first?.value else { return }
        #expect(ValueForm<RateLimit>.rate.spell(try ValueForm<RateLimit>.rate.read(value)) == spelling)
        #expect(ValueForm<UInt32>.fileMode.spell(0o7) == "\"0007\"")
        #expect(ValueForm<RulePattern>.senderDomain.spell(.below(try DomainName("d.test"))) == "\".d.test\"")
    }

    @Test("a fingerprint reads alike with and without colons, in any case")
    func fingerprints() throws {
        let colons = stride(from: 0, to: 64, by: 2).map { Self.fingerprint.dropFirst($0).prefix(2) }.joined(
            separator: ":")
        let read = try Self.parse(
            "[intake]\nclient_fingerprints = [\"\(colons)\", \"\(Self.fingerprint.lowercased())\"]")
        #expect(Set(read.clientFingerprints).count == 1 && read.clientFingerprints.first?.octets.count == 32)
        #expect(CertificateFingerprint(octets: Array(repeating: 0, count: 31)) == nil)
        #expect(CertificateFingerprint(octets: Array(repeating: 0, count: 33)) == nil)
    }

    // MARK: Listeners

    @Test("plain listeners have everything at its default")
    func plain() throws {
        let read = try Self.parse("[intake]\nlisten = [\"[::1]:25\", \"unix:/s\"]\nnetworks = [\"192.0.2.0/24\"]")
        let networks = read.networks
        #expect(
            read.resolvedListeners == [
                IntakeListener(
                    points: [.address(.v6(high: 0, low: 1, port: 25, scope: 0))], name: "[::1]:25", tls: .none,
                    networks: networks),
                IntakeListener(points: [.unix(path: "/s")], name: "unix:/s", tls: .none, networks: networks),
            ])
        #expect(read.addresses == [.v6(high: 0, low: 1, port: 25, scope: 0)])
        #expect(Configuration().intake.addresses == [.v4(address: 0x7F00_0001, port: 2525)])
        #expect(!read.asksForCertificates)
    }

    @Test("a table says everything about its listener, and [intake] the rest")
    func tables() throws {
        let read = try Self.parse(
            """
            [intake]
            listen = []
            networks = ["192.0.2.0/24"]
            users_file = "/u"
            tls_certificate = "/c"
            tls_key = "/k"
            [[intake.listener]]
            listen = ["[::1]:25", "[::1]:26"]
            [[intake.listener]]
            listen = ["[::1]:587"]
            role = "submission"
            networks = []
            tls_certificate = "/c2"
            tls_key = "/k2"
            [[intake.listener]]
            listen = ["unix:/s"]
            name = "postfix"
            protocol = "lmtp"
            tls = "none"
            acknowledge = "delivered"
            acknowledge_timeout = "9m"
            networks = ["::1"]
            auth = false
            socket_mode = "0666"
            socket_group = "postfix"
            [[intake.listener]]
            listen = ["[::1]:465"]
            role = "submission"
            tls = "implicit"
            """)
        let listeners = read.resolvedListeners
        try #require(listeners.count == 4)
        #expect(listeners[0].name == "[::1]:25,[::1]:26" && listeners[0].tls == .offered && listeners[0].offersAuth)
        #expect(listeners[0].networks == read.networks && listeners[0].role == .relay)
        #expect(listeners[0].certificatePath == "/c" && listeners[0].keyPath == "/k")
        #expect(listeners[0].acknowledgement == .queued && listeners[0].acknowledgeTimeout == .seconds(240))
        // RFC 6409: nobody submits in the clear.
        #expect(listeners[1].role == .submission && listeners[1].tls == .required && listeners[1].networks.isEmpty)
        #expect(listeners[1].certificatePath == "/c2" && listeners[1].keyPath == "/k2")
        #expect(
            listeners[2]
                == IntakeListener(
                    points: [.unix(path: "/s")], name: "postfix", protocol: .lmtp, tls: .none,
                    acknowledgement: .delivered,
                    acknowledgeTimeout: .seconds(540), networks: [try #require(IPNetwork("::1"))], socketMode: 0o666,
                    socketGroup: "postfix", certificatePath: "/c", keyPath: "/k"))
        #expect(listeners[3].tls == .implicit)
        #expect(read.addresses.map(\.port) == [25, 26, 587, 465] && read.points.count == 5)
    }

    // MARK: --check

    @Test("files of the intake that cannot be used are found, with their place")
    func files() throws {
        let text = """
            [intake]
            users_file = "/u"
            client_ca_file = "/ca"
            [[intake.listener]]
            listen = ["[::1]:465"]
            tls_certificate = "/c"
            tls_key = "/k"
            """
        let survey = FileSurvey { path, use in
            switch (path, use) {
            case ("/u", .users): .other("has mode 0644")
            case ("/ca", .trustAnchors): .other("holds no certificate")
            case ("/c", .readableFile), ("/k", .readableFile): .absence
            default: nil
            }
        }
        let configuration = try Configuration.parse(text: text, file: "f")
        #expect(
            configuration.check(files: survey).map(\.description) == [
                "f:2:14: intake.users_file: /u has mode 0644. "
                    + "Make it by relayctl user add, give it to the user of relayd, and say chmod 600.",
                "f:3:18: intake.client_ca_file: /ca holds no certificate. "
                    + "Correct the path, or let the user of relayd read the file.",
                "f:6:19: intake.listener[0].tls_certificate: /c does not exist. "
                    + "Correct the path, or let the user of relayd read the file.",
                "f:7:11: intake.listener[0].tls_key: /k does not exist. "
                    + "Correct the path, or let the user of relayd read the file.",
            ])
    }

    @Test(
        "others must have no rights to a file of users",
        arguments: [(0o600, true), (0o640, true), (0o400, true), (0o644, false), (0o660, false), (0o700, false)]
            as [(
                mode_t, Bool
            )])
    func users(mode: mode_t, isFit: Bool) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "users-\(UUID().uuidString)").path
        #expect(FileManager.default.createFile(atPath: path, contents: nil))
        defer { try? FileManager.default.removeItem(atPath: path) }
        try #require(chmod(path, mode) == 0)
        let expected = "has mode 0\(String(mode, radix: 8)), and others have rights to it; 0640 is the most"
        func problem(_ path: String) -> String? { FileSurvey.system.problem(path, .users)?.description }
        #expect(problem(path) == (isFit ? nil : expected))
        #expect(problem("\(path)-none") == "does not exist")
        #expect(problem("/etc") == "is a directory")
        #expect(problem("/dev/null") == "is no file")
    }

    @Test(
        "what is allowed and seldom meant",
        arguments: [
            (
                "[[intake.listener]]\nlisten = [\"[::1]:25\"]\nnetworks = [\"::/0\"]",
                "intake.listener[0].networks lists ::/0: anybody may send mail through this relay."
            ),
            (
                "[intake]\nnetworks = [\"0.0.0.0/0\"]",
                "intake.networks lists 0.0.0.0/0: anybody may send mail through this relay."
            ),
            (
                "[intake]\nxforward_networks = [\"0.0.0.0/0\"]",
                "intake.xforward_networks lists 0.0.0.0/0: anybody may say that a message came from somebody else."
            ),
            (
                "[intake]\nproxy_networks = [\"::/0\"]",
                "intake.proxy_networks lists ::/0: anybody may say that he is somebody else, and whoever says nothing is "
                    + "not served."
            ),
            (
                "[[intake.listener]]\nlisten = [\"[::1]:25\"]\nacknowledge_timeout = \"4m\"",
                "f:3:23: intake.listener[0].acknowledge_timeout: has no effect, for acknowledge is \"queued\". "
                    + "Add acknowledge = \"delivered\", or remove it."
            ),
            (
                "[[intake.client]]\nusers = [\"a\"]",
                "f:2:9: intake.client[0].users: nobody logs in, for there is no intake.users_file. "
                    + "Set intake.users_file, or remove the table."
            ),
            (
                "[[intake.client]]\nnetworks = [\"192.0.2.0/24\"]\n[[intake.client]]\nnetworks = [\"192.0.2.7\"]",
                "f:3:10: intake.client[1]: is never reached: the table in line 1 matches all that it does, and comes first. "
                    + "Put it before that one, or remove it."
            ),
        ])
    func warnings(text: String, expected: String) throws {
        let configuration = try Configuration.parse(text: text, file: "f")
        #expect(configuration.intakeWarnings() == [expected])
        #expect(configuration.warnings.contains(expected))
    }

    @Test(
        "what is meant as it stands",
        arguments: [
            "[[intake.listener]]\nlisten = [\"[::1]:25\"]\nacknowledge = \"delivered\"\nacknowledge_timeout = \"4m\"",
            "[intake]\nusers_file = \"/u\"\n[[intake.client]]\nusers = [\"a\"]",
            "[[intake.client]]\nnetworks = [\"192.0.2.7\"]\n[[intake.client]]\nnetworks = [\"192.0.2.0/24\"]",
        ])
    func noWarnings(text: String) throws {
        #expect(try Configuration.parse(text: text, file: "f").intakeWarnings().isEmpty)
    }

    @Test("of many warnings of one kind twenty are said, and the number of the rest")
    func many() throws {
        func warnings(_ count: Int) throws -> [String] {
            let text = String(repeating: "[[intake.client]]\nnetworks = [\"192.0.2.7\"]\n", count: count + 1)
            return try Configuration.parse(text: text, file: "f").intakeWarnings()
        }
        #expect(try warnings(20).count == 20)
        #expect(try warnings(23).count == 21)
        #expect(try warnings(23).last == "f: intake.client: 3 more tables are never reached.")
    }
}
