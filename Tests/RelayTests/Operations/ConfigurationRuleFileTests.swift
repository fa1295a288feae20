import Foundation
import Mail
import TLS
import Testing

@testable import Relay

@Suite("Files that rules name")
struct ConfigurationRuleFileTests {
    @Test("missing files are found by check, with their place")
    func files() throws {
        let configuration = try ConfigurationRuleTests.parse(
            """
            [tls]
            ca_file = "/ca"
            [[rule]]
            destination = "a.test"
            level = "authenticated"
            by = ["pkix"]
            ca_file = "/ca2"
            client_certificate = "/cert"
            client_key = "/key"
            next_hop = "r.test"
            credentials = "/password"
            """)
        let survey = FileSurvey { path, use in
            switch (path, use) {
            case ("/ca", .trustAnchors), ("/ca2", .trustAnchors), ("/key", .readableFile):
                .absence
            case ("/password", .credentials): .other("is open to all")
            default: nil
            }
        }
        let cure = "Correct the path, or let the user of relayd read the file"
        #expect(
            configuration.check(files: survey).map(\.description) == [
                "f:2:11: tls.ca_file: /ca does not exist. \(cure).",
                "f:7:11: rule[0].ca_file: /ca2 does not exist. \(cure).",
                "f:9:14: rule[0].client_key: /key does not exist. \(cure).",
                "f:11:15: rule[0].credentials: /password is open to all. Put one line user:password there, give the file "
                    + "to the user of relayd, and say chmod 600.",
            ])
    }

    @Test("certificates and keys are loaded, and told what is wrong with them")
    func loading() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "rules-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func file(_ name: String, _ text: String) throws -> String {
            let file = folder.appending(path: name)
            try Foundation.Data(text.utf8).write(to: file)
            return file.path
        }
        let certificate = try file("c.pem", Self.certificate)
        let key = try file("k.pem", Self.key)
        let otherKey = try file("o.pem", Self.otherKey)
        let words = try file("w.pem", "no certificate\n")
        func problem(_ path: String, _ use: FileSurvey.Use) -> String? {
            FileSurvey.system.problem(path, use)?.description
        }
        #expect(problem(certificate, .trustAnchors) == nil)
        #expect(problem(words, .trustAnchors)?.hasPrefix("holds no usable certificates in PEM form") == true)
        #expect(problem(folder.path, .trustAnchors) == "is a directory")
        #expect(problem(certificate, .certificate(key: key)) == nil)
        #expect(problem(words, .certificate(key: key))?.hasPrefix("holds no usable certificate chain") == true)
        #expect(
            problem(certificate, .certificate(key: otherKey))
                == "cannot be used: \(otherKey) is not the key of the certificate in \(certificate)")
    }

    @Test("the daemon loads at start what --check loads, says the same of it, and keeps it")
    func start() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "rules-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let files = [("ca.pem", Self.certificate), ("c.pem", Self.certificate), ("k.pem", Self.key)]
        for (name, text) in files { try Foundation.Data(text.utf8).write(to: folder.appending(path: name)) }
        let path = folder.path
        let configuration = try ConfigurationRuleTests.parse(
            """
            [tls]
            ca_file = "\(path)/ca.pem"
            [[rule]]
            destination = "a.test"
            client_certificate = "\(path)/c.pem"
            client_key = "\(path)/k.pem"
            """)
        let name = try DomainName("relay.example")
        let log = EventLog().logger
        let settings = try Settings(configuration, hostname: name, log: log)
        try FileManager.default.removeItem(at: folder)
        // From memory: the files have gone.
        try settings.trust.load(.file("\(path)/ca.pem"))
        try settings.identities.load(ClientIdentity(certificateFile: "\(path)/c.pem", keyFile: "\(path)/k.pem"))
        let error = #expect(throws: ConfigurationError.self) {
            try Settings(configuration, hostname: name, log: log)
        }
        let faults = configuration.checkProofs(files: .system)
        #expect(faults.map(\.key) == ["tls.ca_file", "rule[0].client_key"])
        #expect(error?.description == faults.map(\.description).joined(separator: "\n"))
        #expect(ServiceError.files(faults).isConfiguration)
        #expect(configuration.check().suffix(2) == faults[...])
    }

    @Test("STS-12 no anchors: MTA-STS says that it is our lack, in the words of the start")
    func noAnchors() throws {
        let (missing, none) = (TrustStore.file("/nonexistent/ca.pem"), TrustStores())
        let why = "no policy host's certificate can be validated: /nonexistent/ca.pem: No such file or directory"
        #expect(PolicyFetcher.obstacle(missing, none) == why)
        var configuration = Configuration()
        configuration.tls.caFile = "/nonexistent/ca.pem"
        #expect(ServiceParts.missingAnchors(configuration, none) == nil, "a fault of the configuration, told as one")
    }

    @Test("credentials are read once for each file, and all faults told at once")
    func credentials() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "credentials-\(UUID().uuidString)")
        try Foundation.Data("me:secret\n".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
        func text(_ paths: [String]) -> String {
            paths.enumerated().map {
                "[[rule]]\ndestination = \"d\($0.offset).test\"\nnext_hop = \"r\($0.offset).test\"\ncredentials = \"\($0.element)\"\n"
            }.joined()
        }
        let good = try ConfigurationRuleTests.parse(text([file.path, file.path]))
        #expect(try good.loadCredentials() == [file.path: try #require(Credentials(user: "me", password: "secret"))])
        let bad = try ConfigurationRuleTests.parse(text(["/nonexistent/1", file.path, "/nonexistent/2"]))
        let error = #expect(throws: ConfigurationError.self) { try bad.loadCredentials() }
        #expect(
            error?.faults.map { "\($0.place?.line ?? 0) \($0.key) \($0.problem)" } == [
                "4 rule[0].credentials /nonexistent/1 cannot be opened: No such file or directory",
                "12 rule[2].credentials /nonexistent/2 cannot be opened: No such file or directory",
            ])
        #expect(try Configuration().loadCredentials().isEmpty)
    }

    @Test(
        "the line of a credentials file",
        arguments: [
            ("me:secret\n", "me", "secret"), ("me:secret", "me", "secret"),
            ("me@a.test:se:cr et\r\n", "me@a.test", "se:cr et"),
            ("ü:ö", "ü", "ö"), ("m: \n", "m", " "),
        ])
    func right(text: String, user: String, password: String) throws {
        #expect(try CredentialsFile.parse(text.utf8) == Credentials(user: user, password: password))
    }

    @Test(
        "what is no such line is refused without a word of it",
        arguments: [
            ("", "does not hold user:password"), ("\n", "does not hold user:password"),
            ("secret", "does not hold user:password"), (":secret", "does not hold user:password"),
            ("me:", "does not hold user:password"), ("me:\n", "does not hold user:password"),
            ("me:secret\n\n", "is not one line of text"), ("me:secret\nyou:secret\n", "is not one line of text"),
            ("me:sec\0ret", "is not one line of text"), ("me:\tsecret", "is not one line of text"),
            ("m:" + String(repeating: "x", count: 1025), "has a user or password of more than 1024 octets"),
        ])
    func wrong(text: String, expected: String) {
        #expect(throws: CredentialsFileFault(expected)) { try CredentialsFile.parse(text.utf8) }
    }

    @Test("octets that are no UTF-8, and a password at the limit")
    func octets() throws {
        #expect(throws: CredentialsFileFault("is not one line of text")) {
            try CredentialsFile.parse([UInt8(ascii: "m"), UInt8(ascii: ":"), 0xFF])
        }
        let limit = String(repeating: "x", count: Credentials.lengthLimit)
        #expect(try CredentialsFile.parse("\(limit):\(limit)\r\n".utf8).user == limit)
    }

    @Test(
        "the mode of a credentials file: 0600 or less",
        arguments: [
            (0o600, nil), (0o400, nil), (0o640, "has mode 0640, and others may read it; 0600 is the most"),
            (0o604, "has mode 0604, and others may read it; 0600 is the most"),
            (0o610, "has mode 0610, and others may read it; 0600 is the most"),
            (0o700, "has mode 0700, and others may read it; 0600 is the most"),
        ] as [(Int, String?)])
    func modes(mode: Int, expected: String?) throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "credentials-\(UUID().uuidString)")
        try Foundation.Data("me:secret\n".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
        #expect(FileSurvey.system.problem(file.path, .credentials)?.description == expected)
    }

    @Test("what is no file")
    func noFile() throws {
        func problem(_ path: String) -> String? { FileSurvey.system.problem(path, .credentials)?.description }
        #expect(problem("/nonexistent/x") == "does not exist")
        #expect(problem("/tmp") == "is no file")
        let large = FileManager.default.temporaryDirectory.appending(path: "credentials-\(UUID().uuidString)")
        try Foundation.Data("m:\(String(repeating: "x", count: CredentialsFile.sizeLimit))\n".utf8).write(to: large)
        defer { try? FileManager.default.removeItem(at: large) }
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: large.path)
        #expect(problem(large.path) == "has a user or password of more than 1024 octets")
    }

    // MARK: A certificate, its key, and another key; made for these tests and used nowhere else

    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBgjCCASegAwIBAgIUOxGy/FOfZmogGOekhB4HiXwvKaswCgYIKoZIzj0EAwIw
        FjEUMBIGA1UEAwwLY2xpZW50LnRlc3QwHhcNMjYxMTIxMTQyNzE2WhcNMzYxMTE4
        MTQyNzE2WjAWMRQwEgYDVQQDDAtjbGllbnQudGVzdDBZMBMGByqGSM49AgEGCCqG
        SM49AwEHA0IABNGA+BKtiP41kBQI/k9Q1efBYYHilVahi8W3DQf4r6yHiBmEKKRp
        2O8tMzT2vV5MMUSwDdmV4Hr6/9KV+xkgxAujUzBRMB0GA1UdDgQWBBQZoHkuIGyO
        7JBYGs5wZOfjJ3fcbDAfBgNVHSMEGDAWgBQZoHkuIGyO7JBYGs5wZOfjJ3fcbDAP
        BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQDhhmtTmRZJ6QBzV4vn
        DgWNL3ZLJoxv2Y9FyQh6PRcyZgIhAPlSw173fy0WS5/hoZFsbE1gWEYufZvAgpuK
        OaHTrBZo
        -----END CERTIFICATE-----
        """

    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgMz0puqaGSISt9Dfg
        IAuewEnFIE5nl/mmPjqCSDfz0jahRANCAATRgPgSrYj+NZAUCP5PUNXnwWGB4pVW
        oYvFtw0H+K+sh4gZhCikadjvLTM09r1eTDFEsA3ZleB6+v/SlfsZIMQL
        -----END PRIVATE KEY-----
        """

    static let otherKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgpBCSQOiFduMMarpe
        GTkHeOWm8XQ7319hTjw5ATNcHgChRANCAATrqPQ6g6Rldy8EdaqTHW9LFEkpSSKo
        Ip3QJwfwGIgdDhYsYtd+a22bKXUakkgWSIC31dZkf5Hz/0iQ8waBB8p1
        -----END PRIVATE KEY-----
        """
}
