import ArgumentParser
import Foundation
import Mail
import Relay
import Testing

@testable import relayctl

/// `relayctl dkim` over files, without a network. What it prints goes to the test's own output.
@Suite("dkim commands", .serialized)
struct DKIMCommandTests {
    private static let letter = "From: Joe <joe@example.org>\nSubject: Hello\n\nHi.\n"

    private func folder() throws -> String {
        let path = NSTemporaryDirectory() + "dkim-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    private func file(_ text: String, in folder: String, _ name: String = "letter.eml") throws -> String {
        let path = "\(folder)/\(name)"
        try Data(text.utf8).write(to: URL(filePath: path))
        return path
    }

    /// The keys of a document, by their JSON.
    private func keys(_ document: some CheckDocument) throws -> [[String: Any]] {
        let octets = try #require(ControlJSON.encode(document))
        let value = try JSONSerialization.jsonObject(with: Data(octets)) as? [String: Any]
        return try #require(value?["keys"] as? [[String: Any]])
    }

    private func make(_ arguments: [String]) throws -> DKIMKeygenDocument {
        try #require(try DKIMKeygenCommand.parseAsRoot(arguments) as? DKIMKeygenCommand).make()
    }

    private func sign(_ arguments: [String]) throws -> [UInt8] {
        let signed = try #require(try DKIMSignCommand.parseAsRoot(arguments) as? DKIMSignCommand).sign()
        return signed.document.fields + signed.content
    }

    @Test(
        "exit codes of wrong command lines",
        arguments: [
            [], ["nonsense"], ["keygen"], ["keygen", "a..b"], ["keygen", "org"],
            ["keygen", "d.example", "--rsa", "1024"],
            ["keygen", "d.example", "--only", "dsa"], ["keygen", "d.example", "--directory", "/nowhere"],
            ["keygen", "d.example", "--selector", "a b"], ["keygen", "d.example", "--selector", ""],
            ["keygen", "d.example", "--selector", "under_score"],
            ["keygen", "d.example", "--selector", String(repeating: "a", count: 64)],
            ["record", "/nowhere"], ["record", "--selector", "s"], ["record", "k.pem", "--wrong"],
            ["record", "--config", "/nowhere", "--domain", "a..b"],
            ["keygen", "d.example", "--rsa", "2048", "--only", "ed25519"], ["keygen", "192.0.2.1"],
            ["record", "k.pem", "--selector", "s"], ["record", "k.pem", "--domain", "d.example"],
            ["record", "k.pem", "--config", "/nowhere"], ["record", "--config", "/nowhere"],
            ["sign"], ["sign", "m", "--key", "k"], ["sign", "m", "--key", "k", "--domain", "d.example"],
            ["sign", "m", "--domain", "d.example"], ["sign", "m", "--selector", "s"],
            ["sign", "m", "--key", "k", "--domain", "d.example", "--selector", "a", "--selector", "b"],
            ["sign", "m", "--key", "/nowhere", "--domain", "d.example", "--selector", "a"],
            ["sign", "m", "--key", "k", "--domain", "d.example", "--selector", "a", "--config", "c"],
            ["sign", "m", "--time", "soon"], ["sign", "/nowhere"],
            ["verify"], ["verify", "/nowhere"], ["verify", "/dev/null"], ["verify", "/nowhere", "--at", "soon"],
            ["verify", "m", "--key-record", "s._domainkey.d.example"], ["verify", "m", "--key-record", "d.example=p="],
            ["verify", "m", "--key-record", "a..b=p="], ["verify", "m", "--key-record", "x=y", "--config", "c"],
        ])
    func usage(arguments: [String]) async {
        #expect(await Relayctl.run(["dkim"] + arguments).code == 64, "\(arguments)")
    }

    @Test("help is there for each", arguments: [[], ["keygen"], ["record"], ["sign"], ["verify"]])
    func help(command: [String]) async {
        #expect(await Relayctl.run(["dkim"] + command + ["--help"]) == .success)
    }

    @Test("keygen makes two files that nobody else reads, and never writes over one")
    func keygen() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let old = umask(0)
        defer { umask(old) }
        let made = try keys(make(["bücher.example", "--directory", folder, "--selector", "s1"]))
        #expect(made.map { $0["selector"] as? String } == ["s1r", "s1e"])
        #expect(made.map { $0["key_type"] as? String } == ["rsa", "ed25519"])
        #expect(made.map { $0["bits"] as? Int } == [2048, 256])
        for key in made {
            let path = try #require(key["file"] as? String)
            #expect(path.hasSuffix("/xn--bcher-kva.example.\(key["selector"] as? String ?? "").pem"))
            #expect(path.hasPrefix("/"))
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(text.hasPrefix("-----BEGIN PRIVATE KEY-----\n"))
        }

        // One of the two is there: the other is not left behind, and what was there is as it was.
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(names == ["xn--bcher-kva.example.s1e.pem", "xn--bcher-kva.example.s1r.pem"])
        let kept = try Data(contentsOf: URL(filePath: "\(folder)/\(names[0])"))
        try FileManager.default.removeItem(atPath: "\(folder)/\(names[1])")
        let again = ["dkim", "keygen", "bücher.example", "--directory", folder, "--selector", "s1"]
        #expect(await Relayctl.run(again) == .usage)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [names[0]])
        #expect(try Data(contentsOf: URL(filePath: "\(folder)/\(names[0])")) == kept)
    }

    @Test("keygen never follows a link to another file")
    func link() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder)/d.example.s.pem", withDestinationPath: "\(folder)/elsewhere")
        #expect(
            await Relayctl.run([
                "dkim", "keygen", "d.example", "--directory", folder, "--selector", "s", "--only", "ed25519",
            ]) == .usage)
        #expect(!FileManager.default.fileExists(atPath: "\(folder)/elsewhere"))
    }

    @Test(
        "--only and --rsa",
        arguments: [
            (["--only", "ed25519"], ["s"], [256]), (["--only", "rsa"], ["s"], [2048]),
            (["--rsa", "3072"], ["sr", "se"], [3072, 256]),
        ])
    func kinds(arguments: [String], selectors: [String], bits: [Int]) throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let made = try keys(make(["d.example", "--directory", folder, "--selector", "s"] + arguments))
        #expect(made.map { $0["selector"] as? String } == selectors)
        #expect(made.map { $0["bits"] as? Int } == bits)
        #expect(made.allSatisfy { $0["use"] as? String == "mail" })
        let reports = ["d.example", "--directory", folder, "--selector", "t", "--for-reports"] + arguments
        #expect(try keys(make(reports)).allSatisfy { $0["use"] as? String == "reports" })
    }

    @Test(
        "DKIM-23 selectors are of the day in UTC",
        arguments: [(0, "19700101"), (1_795_305_599, "20261121"), (1_795_305_600, "20261122")] as [(Int64, String)])
    func selectors(time: Int64, expected: String) {
        let time = WallTime(seconds: time)
        #expect(DKIMKeygenCommand.datedSelector(time, isForReports: false) == "s" + expected)
        #expect(DKIMKeygenCommand.datedSelector(time, isForReports: true) == "tlsrpt" + expected)
    }

    @Test("keys for mail and for reports of one day lie beside each other")
    func sameDay() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let arguments = ["d.example", "--directory", folder, "--only", "ed25519"]
        let made = try keys(make(arguments)) + keys(make(arguments + ["--for-reports"]))
        #expect(Set(made.compactMap { $0["selector"] as? String }).count == 2)
    }

    private func words(_ body: () throws -> Void) -> String {
        do { try body() } catch let failure as Failure { return failure.message } catch { return "\(error)" }
        return ""
    }

    @Test(
        "keygen says why a domain or a selector cannot be, and what to do",
        arguments: [
            (["192.0.2.1"], "\"192.0.2.1\" is an address: a signature is by a domain, "),
            (["[192.0.2.1]"], "\"[192.0.2.1]\" is an address: "), (["2001:db8::1"], "\"2001:db8::1\" is an address: "),
            (["localhost"], "\"localhost\" is a single label, "),
            (
                ["d.example", "--directory", "/nowhere"],
                "there is no folder /nowhere. Make it, for the user of relayd: sudo install -d -m 0700 "
            ),
            (
                ["d.example", "--only", "rsa", "--selector", String(repeating: "a", count: 64)],
                "\"\(String(repeating: "a", count: 64))\" is no selector: \"\(String(repeating: "a", count: 64))\" has 64 "
                    + "octets, and what stands between dots has at most 63"
            ),
            (
                ["d.example", "--selector", String(repeating: "a", count: 63)],
                "\"\(String(repeating: "a", count: 63))r\" is no selector: "
            ),
        ])
    func refusedPlaces(arguments: [String], expected: String) {
        let words = words { _ = try make(arguments) }
        #expect(words.hasPrefix(expected), "\(words)")
    }

    @Test("a selector of 63 octets is one")
    func longSelector() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let selector = String(repeating: "a", count: 63)
        let made = try keys(
            make(["d.example", "--directory", folder, "--only", "ed25519", "--selector", selector]))
        #expect(made.map { $0["selector"] as? String } == [selector])
    }

    @Test("keys whose records could not be printed stay, and are named")
    func unprinted() {
        let failure = DKIMKeygenCommand.unprinted(["/k/a.pem", "/k/b.pem"], Failure(.unexpected, "cannot write"))
        #expect(failure.status == .unexpected)
        #expect(failure.message.hasPrefix("cannot write. The keys are made all the same: /k/a.pem, /k/b.pem. "))
    }

    @Test("without a configuration and a --key there is nothing to sign by, and the cure is said")
    func noConfiguration() throws {
        let chosen = try ChosenConfiguration(named: nil, usualPath: "/nowhere/relayd.toml")
        let words = words { try chosen.requireFile(or: "name a --key") }
        #expect(
            words
                == "there is no configuration /nowhere/relayd.toml to take keys from: name a --key, or another --config. "
                + "relayctl dkim keygen DOMAIN makes keys")
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let present = try ChosenConfiguration(named: nil, usualPath: file("", in: folder, "relayd.toml"))
        #expect(throws: Never.self) { try present.requireFile(or: "") }
    }

    @Test("two keys cannot have one selector, however it is written")
    func sameSelector() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        _ = try make(["example.org", "--directory", folder, "--only", "ed25519", "--selector", "s"])
        let key = "\(folder)/example.org.s.pem"
        let letter = try file(Self.letter, in: folder)
        let words = words {
            _ = try sign([
                letter, "--domain", "example.org", "--key", key, "--selector", "s", "--key", key, "--selector", "S",
            ])
        }
        #expect(words.hasPrefix("two --key have the selector s: "))
    }

    @Test("DKIM-04 DKIM-05 what keygen makes signs, and what it prints verifies that")
    func roundTrip() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let made = try keys(make(["example.org", "--directory", folder]))
        let letter = try file(Self.letter, in: folder)
        var arguments = [letter, "--domain", "example.org"]
        var records: [String] = []
        var published: [String] = []
        for key in made {
            let (path, selector) = (try #require(key["file"] as? String), try #require(key["selector"] as? String))
            arguments += ["--key", path, "--selector", selector]
            let record = try #require(key["record"] as? String)
            records += ["--key-record", "\(key["name"] as? String ?? "")=\(record)"]
            published.append(record)
            #expect(!record.contains("; s="), "RPTF-19")
            if key["key_type"] as? String == "rsa" { #expect(record.contains("; p=MII")) }
            // The record can be had again from the file alone.
            let again = ["dkim", "record", path, "--domain", "example.org", "--selector", selector]
            #expect(await Relayctl.run(again) == .success)
            #expect(await Relayctl.run(["dkim", "record", "--json", path]) == .success)
        }
        let signed = try sign(arguments)
        #expect(String(decoding: signed, as: UTF8.self).hasSuffix("\r\n\r\nHi.\r\n"))
        let path = try file(String(decoding: signed, as: UTF8.self), in: folder, "signed.eml")
        let verify = ["dkim", "verify"]
        #expect(await Relayctl.run(verify + [path] + records) == .success)
        #expect(await Relayctl.run(verify + [path, "--json"] + records) == .success)
        // One key is not told, none is, another is.
        #expect(await Relayctl.run(verify + [path] + records.prefix(2)) == .nothing)
        #expect(await Relayctl.run(verify + [letter] + records) == .nothing)
        let swapped = zip(made, published.reversed()).flatMap {
            ["--key-record", "\($0["name"] as? String ?? "")=\($1)"]
        }
        #expect(await Relayctl.run(verify + [path] + swapped) == .nothing)
        // As a program of Unix would have saved it, and changed.
        let saved = String(decoding: signed, as: UTF8.self).replacingOccurrences(of: "\r\n", with: "\n")
        #expect(await Relayctl.run(verify + [try file(saved, in: folder, "lf.eml")] + records) == .success)
        let changed = saved.replacingOccurrences(of: "Hi.", with: "Ho.")
        #expect(await Relayctl.run(verify + [try file(changed, in: folder, "x.eml")] + records) == .nothing)
        // DKIM-16
        let added = "From: mallory@evil.example\n" + saved
        #expect(await Relayctl.run(verify + [try file(added, in: folder, "y.eml")] + records) == .nothing)
    }

    @Test("DKIM-24 a key of 4096 bits signs in lines of at most 78")
    func longKey() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let made = try keys(
            make(["example.org", "--directory", folder, "--only", "rsa", "--rsa", "4096", "--selector", "s"]))
        let key = try #require(made.first)
        let path = try #require(key["file"] as? String)
        let signed = try sign([
            try file(Self.letter, in: folder), "--key", path, "--domain", "example.org", "--selector", "s", "--time",
            "0",
        ])
        let lines = String(decoding: signed, as: UTF8.self).components(separatedBy: "\r\n")
        #expect(lines.allSatisfy { $0.utf8.count <= 78 })
        #expect(lines.contains { $0.contains("t=0;") })
        // Each string of the record fits DNS.
        let zone = try #require(key["zone_file"] as? [String])
        #expect(zone.count == 3)
        #expect(zone.allSatisfy { $0.split(separator: "\"").allSatisfy { $0.utf8.count <= 255 } })
    }

    @Test("DKIM-08 RFC 6376 A.2 and RFC 8463 A.3 verify, from files with LF and with CRLF")
    func vectors() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for (text, keys) in [
            (DKIMSample.rfc6376, [DKIMSample.rfc6376Key]), (DKIMSample.rfc8463, DKIMSample.rfc8463Keys),
        ] {
            let records = keys.flatMap { ["--key-record", $0] }
            for message in [text, text.replacingOccurrences(of: "\n", with: "\r\n")] {
                let path = try file(message, in: folder)
                #expect(await Relayctl.run(["dkim", "verify", path] + records) == .success)
                #expect(await Relayctl.run(["dkim", "verify", path, "--at", "1528637909"] + records) == .success)
            }
            let path = try file(text.replacingOccurrences(of: "dinner", with: "supper"), in: folder)
            #expect(await Relayctl.run(["dkim", "verify", path] + records) == .nothing)
        }
        // Signed in 2018: of the future as of 2003.
        let path = try file(DKIMSample.rfc8463, in: folder)
        let records = DKIMSample.rfc8463Keys.flatMap { ["--key-record", $0] }
        #expect(await Relayctl.run(["dkim", "verify", path, "--at", "2003-07-12T00:00:00Z"] + records) == .nothing)
    }

    @Test("DKIM-22 what cannot be signed ends with 1, and a key that others can read with 64")
    func refusals() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        _ = try make(["example.org", "--directory", folder, "--only", "ed25519", "--selector", "s"])
        let key = "\(folder)/example.org.s.pem"
        let signing = ["--key", key, "--domain", "example.org", "--selector", "s"]
        for text in ["Subject: x\n\n", "From: a@example.org\nFrom: b@example.org\n\n", "From: a@example.org"] {
            let path = try file(text, in: folder)
            #expect(await Relayctl.run(["dkim", "sign", path] + signing) == .nothing, "\(text)")
        }
        let good = try file(Self.letter, in: folder)
        #expect(await Relayctl.run(["dkim", "sign", good, "--json"] + signing) == .success)
        #expect(await Relayctl.run(["dkim", "sign", good, "--headers-only"] + signing) == .success)
        // By the configuration: for mail of its domain, and only once.
        let configuration = try file(
            "[[dkim.key]]\ndomain = \"example.org\"\nselector = \"s\"\nfile = \"\(key)\"\n", in: folder, "relayd.toml")
        let signed = try sign([good, "--config", configuration])
        #expect(String(decoding: signed, as: UTF8.self).hasPrefix("DKIM-Signature: v=1; a=ed25519-sha256;"))
        let twice = try file(String(decoding: signed, as: UTF8.self), in: folder, "signed.eml")
        #expect(await Relayctl.run(["dkim", "sign", twice, "--config", configuration]) == .nothing)
        let others = try file("From: a@example.com\n\n", in: folder, "others.eml")
        #expect(await Relayctl.run(["dkim", "sign", others, "--config", configuration]) == .nothing)

        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: key)
        #expect(await Relayctl.run(["dkim", "sign", good] + signing) == .usage)
        #expect(await Relayctl.run(["dkim", "record", key]) == .usage)
        #expect(await Relayctl.run(["dkim", "sign", good, "--config", configuration]) == .badConfiguration)
        #expect(await Relayctl.run(["dkim", "record", "--config", configuration]) == .badConfiguration)
    }

    @Test("--domain without files is that of the configuration's keys")
    func recordOfDomain() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        _ = try make(["example.org", "--directory", folder, "--only", "ed25519", "--selector", "s"])
        let key = "\(folder)/example.org.s.pem"
        let configuration = try file(
            "[[dkim.key]]\ndomain = \"example.org\"\nselector = \"s\"\nfile = \"\(key)\"\n", in: folder, "relayd.toml")
        // No key, and nobody is asked.
        for more in [[], ["--wrong"]] {
            let arguments = ["dkim", "record", "--config", configuration, "--domain", "example.com"] + more
            #expect(await Relayctl.run(arguments) == .nothing)
        }
    }

    @Test("a configuration without keys has no record")
    func none() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let configuration = try file("", in: folder, "relayd.toml")
        #expect(await Relayctl.run(["dkim", "record", "--config", configuration]) == .nothing)
        #expect(
            await Relayctl.run(["dkim", "sign", try file(Self.letter, in: folder), "--config", configuration])
                == .nothing)
    }
}
