import Foundation
import Glibc
import Mail
import Testing

@testable import Relay

@Suite("Key files of [[dkim.key]]")
struct ConfigurationKeyFileTests {
    private static func configuration(_ files: KeyFile...) throws -> Configuration {
        var configuration = Configuration()
        configuration.dkim.keys = try files.enumerated().map { try $1.written("s\($0)", "d.test") }
        return configuration
    }

    private static func faults(_ configuration: Configuration) -> [ConfigurationFault] {
        do throws(ConfigurationError) {
            _ = try KeyRing(loading: configuration)
            return []
        } catch {
            return error.faults
        }
    }

    @Test("DKIM-02 RSA of 1000 bits is refused at start and by --check, 1024 is warned of, 2048 is right")
    func bits() throws {
        let short = try KeyFile(DKIMKeyFiles.rsa(bits: 1000))
        let faults = Self.faults(try Self.configuration(short))
        #expect(faults.map(\.key) == ["dkim.key[0].file"] && faults.first?.problem.contains("1000 bits") == true)
        #expect(Service.checkParts(try Self.configuration(short)).contains { $0.problem.contains("1000 bits") })
        let (short1024, right) = (try KeyFile(DKIMKeyFiles.rsa(bits: 1024)), try KeyFile(DKIMKeyFiles.rsa(bits: 2048)))
        let weak = try Self.configuration(short1024, right)
        let ring = try KeyRing(loading: weak)
        #expect(
            ring.warnings == ["the DKIM key s0 of d.test has 1024 bits: 2048 are recommended (RFC 8301 §3.2)."])
        #expect(Service.checkWarnings(weak).contains { $0.contains("1024 bits") })
        #expect(!Service.checkParts(weak).contains { $0.key.contains("dkim") })
        withExtendedLifetime((short, short1024, right)) {}
    }

    @Test("a key file that others can read, that is none, or that is not there: all faults at once, with the cure")
    func files() throws {
        let pem = try DKIMKeyFiles.ed25519()
        let loose = try KeyFile(pem, mode: 0o644)
        let group = try KeyFile(pem, mode: 0o640)
        let noKey = try KeyFile(Array("no key".utf8))
        let (gone, good) = (try KeyFile(pem), try KeyFile(pem, mode: 0o400))
        var configuration = try Self.configuration(loose, group, noKey, gone, good)
        configuration.dkim.keys[3].file = "/nonexistent/key.pem"
        let faults = Self.faults(configuration)
        #expect(faults.map(\.key) == (0...3).map { "dkim.key[\($0)].file" })
        #expect(faults[0].problem.contains("mode 644") && faults[0].problem.contains("chmod 600"))
        #expect(faults[1].problem.contains("mode 640") && faults[3].problem.contains("No such file"))
        #expect(Service.checkParts(configuration).filter { $0.key.hasPrefix("dkim.key[") }.count == 4)
        withExtendedLifetime((loose, group, noKey, gone, good)) {}
    }

    @Test(
        "as root: a configuration that only root may read is warned of, since no reload will be able to",
        .enabled(if: geteuid() == 0, "only root becomes another user"))
    func configurationItself() throws {
        let file = try KeyFile(Array("[server]\nuser = \"daemon\"\n".utf8), mode: 0o600)
        func warnings() throws -> [String] {
            Service.checkWarnings(try Configuration.load(path: file.path)).filter { $0.hasPrefix("\(file.path) ") }
        }
        let warned = try warnings()
        #expect(warned.count == 1 && warned[0].contains("each reload will be refused. Cure: chgrp "), "\(warned)")
        #expect(warned[0].contains("; chmod 640 \(file.path)"))
        try #require(chmod(file.path, 0o644) == 0)
        #expect(try warnings().isEmpty)
    }

    @Test(
        "a folder of the queue whose start would be refused is found: a symbolic link, a database that others may read")
    func store() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "check-\(UUID().uuidString)").path
        let link = "\(folder)-link"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { for path in [folder, link] { try? FileManager.default.removeItem(atPath: path) } }
        try #require(chmod(folder, 0o700) == 0 && symlink(folder, link) == 0)
        func faults(_ directory: String) -> [String] {
            var configuration = Configuration()
            configuration.store.directory = directory
            return Service.checkParts(configuration).filter { $0.key == "store.directory" }.map {
                "\($0.problem). \($0.cure)"
            }
        }
        #expect(faults(folder).isEmpty)
        #expect(faults(link) == ["\(link) is a symbolic link. Name the folder that it leads to"])
        let database = "\(folder)/queue.db"
        try #require(FileManager.default.createFile(atPath: database, contents: nil) && chmod(database, 0o640) == 0)
        #expect(faults(folder) == ["\(database) lets others in (mode 640). Say chmod 0600 \(database)"])
    }

    @Test("a listener's key that everybody can read is warned of; so is a socket for questions without a group")
    func rights() throws {
        let pem = try DKIMKeyFiles.ed25519()
        let (loose, group) = (try KeyFile(pem, mode: 0o644), try KeyFile(pem, mode: 0o640))
        var configuration = Configuration()
        configuration.intake.tlsKey = loose.path
        #expect(Service.checkWarnings(configuration).contains { $0.contains("intake.tls_key") && $0.contains("644") })
        configuration.intake.tlsKey = group.path
        #expect(!Service.checkWarnings(configuration).contains { $0.contains("tls_key") })
        configuration.control.readSocket = "/run/waxwing/read.sock"
        #expect(Service.checkWarnings(configuration).contains { $0.contains("control.read_group") })
        configuration.control.readGroup = "adm"
        #expect(!Service.checkWarnings(configuration).contains { $0.contains("control.read_group") })
        withExtendedLifetime((loose, group)) {}
    }

    @Test("DKIM-23 a ring finds the keys of a domain and of those above it")
    func near() throws {
        let world = try SigningWorld("s1.d.test", "s2.a.d.test", "s3.test", "s4.e.test")
        #expect(Set(world.ring.near(try DomainName("a.d.test"))) == [0, 1, 2])
        #expect(Set(world.ring.near(try DomainName("d.test"))) == [0, 2])
        #expect(world.ring.near(try DomainName("ad.test")) == [2])
        #expect(world.ring.near(try DomainName("other.example")).isEmpty && KeyRing.empty.isEmpty)
    }
}
