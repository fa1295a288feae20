import Foundation
import Glibc
import Mail
import Testing

@testable import DNS

/// Validation of what a forwarder says, below a root of the test's own whose key rolls.
@Suite("What a forwarder says, and with which anchors it is read")
struct ForwarderTests {
    /// A root with one Ed25519 key and one record, `host. A 192.0.2.1`. The signatures were made once, by a program that
    /// threw its private keys away; they hold from 2020 to 2037.
    struct Root {
        let anchor: String
        let key: String
        let keySignature: String
        let addressSignature: String

        var script: ScriptedForwarder.Script {
            ScriptedForwarder.Script(records: [
                ". 48": [.init(48, Self.octets(key)), .init(46, Self.octets(keySignature))],
                "host 1": [.init(1, [192, 0, 2, 1]), .init(46, Self.octets(addressSignature))],
            ])
        }

        static func octets(_ hexadecimal: String) -> [UInt8] {
            var digits = hexadecimal.compactMap(\.hexDigitValue)[...]
            var octets: [UInt8] = []
            while let high = digits.popFirst(), let low = digits.popFirst() { octets.append(UInt8(high << 4 | low)) }
            return octets
        }
    }

    static let before = Root(
        anchor: ". IN DNSKEY 257 3 15 RhcLPcYSU1nXSY6W+5CNjeinuyrCkVzU8f4pv0CR67c=",
        key: "0101030f46170b3dc6125359d7498e96fb908d8de8a7bb2ac2915cd4f1fe29bf4091ebb7",
        keySignature: "00300f000000012c7fe817805e0be100690f00"
            + "c522ba19330599dd6c9bab44b88f21f7be1b42971fcab4bd2c82bbfb4f512bab"
            + "164630ad9c80d6ca644fe79fd68ea13ae27d20284f17725f90177b5d25af1908",
        addressSignature: "00010f010000012c7fe817805e0be100690f00"
            + "447b086f5d154be2d84bb8a9ef4563f5a3baef9df286f13ea858bd6c73a5aeef"
            + "7312feb4764edc81c466be0e1be1b78db2b3c3fb2f9ef6ce5fec40b1bae3cf07")
    static let after = Root(
        anchor: ". IN DNSKEY 257 3 15 CjJV3akt21LQAuc6pBG0K+Umv67Ui3w7zwM7HFBh/UA=",
        key: "0101030f0a3255dda92ddb52d002e73aa411b42be526bfaed48b7c3bcf033b1c5061fd40",
        keySignature: "00300f000000012c7fe817805e0be100457a00"
            + "f2ed3ef7b40970337047843e1decc9351e2a635e627530156ebf0cb1143a7c3e"
            + "ec00c938f2fe1ad672a88a25d0e5a058138e15fc68d219ac8e0cd4761bb8c90f",
        addressSignature: "00010f010000012c7fe817805e0be100457a00"
            + "1578fb78d3cfcc9d3df66eaf49c9b6aee1cb74dcb20dc246476ceeaeee534a79"
            + "f9c5b6c587a9e2a50240f7a5f4145570357582b7aee06118716d12a2338ed90e")

    /// What becomes of `host. A` with these lines in the file of anchors, in a resolver that was just started.
    private static func security(_ anchors: [Root], _ forwarder: ScriptedForwarder, _ path: String) async throws
        -> Security
    {
        if !anchors.isEmpty {
            try anchors.map { $0.anchor + "\n" }.joined().write(toFile: path, atomically: true, encoding: .utf8)
        }
        let settings = ResolverSettings(
            trustAnchorFile: anchors.isEmpty ? "" : path, forwarders: ["127.0.0.1@\(forwarder.port)"])
        return try await ResolverRig().with(settings: settings) { resolver in
            let answer = await resolver.resolve(try ask("host"))
            if answer.security == .secure || answer.security == .insecure {
                #expect(answer.result == .records([[192, 0, 2, 1]]))
            }
            return answer.security
        }
    }

    private func anchorFile() -> String { "/tmp/anchors-test-\(getpid())-\(UInt32.random(in: 0...(.max)))" }

    @Test("SEC-06 Several anchors may stand in the file, and it is read anew at each start: a key roll is survived")
    func keyRoll() async throws {
        let path = anchorFile()
        defer { unlink(path) }
        let forwarder = try ScriptedForwarder(Self.before.script)
        defer { forwarder.close() }
        #expect(try await Self.security([Self.before], forwarder, path) == .secure)
        #expect(try await Self.security([Self.before, Self.after], forwarder, path) == .secure, "the new one ahead")
        forwarder.script = Self.after.script
        #expect(try await Self.security([Self.before, Self.after], forwarder, path) == .secure, "after the roll")
        #expect(try await Self.security([Self.after], forwarder, path) == .secure, "the old one gone")
        // A file that nobody kept up to date makes nothing insecure: everything fails.
        #expect(try await Self.security([Self.before], forwarder, path) == .bogus)
    }

    @Test("SEC-08 A forwarder that forges AD makes nothing secure: unsigned is insecure, or bogus below an anchor")
    func forgedAD() async throws {
        let path = anchorFile()
        defer { unlink(path) }
        var script = ScriptedForwarder.Script()
        script.records["host 1"] = [.init(1, [192, 0, 2, 1])]
        script.flags = ScriptedForwarder.plain | ScriptedForwarder.authenticData
        let forwarder = try ScriptedForwarder(script)
        defer { forwarder.close() }
        #expect(try await Self.security([], forwarder, path) == .insecure)
        #expect(try await Self.security([Self.before], forwarder, path) == .bogus)
        // The same without the forgery: AD changes nothing. And a signed answer needs no AD.
        script.flags = ScriptedForwarder.plain
        forwarder.script = script
        #expect(try await Self.security([], forwarder, path) == .insecure)
        forwarder.script = Self.before.script
        #expect(try await Self.security([Self.before], forwarder, path) == .secure)
    }

    @Test("SEC-08 Keys are asked for with CD; what a forwarder's own validation keeps back is failed, never insecure")
    func checkingDisabled() async throws {
        let path = anchorFile()
        defer { unlink(path) }
        let forwarder = try ScriptedForwarder(Self.before.script)
        defer { forwarder.close() }
        #expect(try await Self.security([Self.before], forwarder, path) == .secure)
        let keys = forwarder.asked.filter { $0.name == "." && $0.type == 48 }
        #expect(!keys.isEmpty && keys.allSatisfy { $0.flags & ScriptedForwarder.checkingDisabled != 0 })
        // libunbound asks for the records themselves without CD (docs/deviations.md): a forwarder may answer SERVFAIL.
        forwarder.script.flags = ScriptedForwarder.plain | ScriptedForwarder.serverFailure
        forwarder.script.records = [:]
        #expect(try await [.failed, .bogus].contains(Self.security([Self.before], forwarder, path)))
    }

    /// `old. DNAME new.` and `x.new. A`, each with its signature by the key before the roll.
    private static let alias = Root.octets(
        "00270f010000012c7fe817805e0be100690f00"
            + "0fcfba9fd468acef270c9c7d64ca6e01d63e91a306c3b66d1f6454f6aa47780d"
            + "1cd0ec2adb500b4418810d502bfbbaf7d0a552a6b7849767c88486bd1f972108")
    private static let target = Root.octets(
        "00010f020000012c7fe817805e0be100690f00"
            + "403c0b5b6993bd19d25e028e5da6676b081e03c6adf19c0b73d532e6d0d7af1f"
            + "5170f72a82284c4f7102c233bc850aed78869d48897f7dc1851a73aa546a3503")

    @Test("SEC-11 a CNAME made from a signed DNAME needs no signature of its own; one made from nothing is bogus")
    func dname() async throws {
        let path = anchorFile()
        defer { unlink(path) }
        try (Self.before.anchor + "\n").write(toFile: path, atomically: true, encoding: .utf8)
        let (old, new): ([UInt8], [UInt8]) = ([3, 0x6F, 0x6C, 0x64, 0], [3, 0x6E, 0x65, 0x77, 0])
        var script = Self.before.script
        let synthesised = ScriptedForwarder.Record(5, [1, 0x78] + new)
        script.records["x.new 1"] = [.init(1, [192, 0, 2, 1]), .init(46, Self.target)]
        for isSigned in [true, false] {
            let dname = [ScriptedForwarder.Record(39, new, owner: old), .init(46, Self.alias, owner: old)]
            script.records["x.old 1"] = (isSigned ? dname : []) + [synthesised]
            let forwarder = try ScriptedForwarder(script)
            defer { forwarder.close() }
            let settings = ResolverSettings(trustAnchorFile: path, forwarders: ["127.0.0.1@\(forwarder.port)"])
            try await ResolverRig().with(settings: settings) { resolver in
                let answer = await resolver.resolve(try ask("x.old"))
                #expect(answer.security == (isSigned ? .secure : .bogus), "\(answer.result)")
                if isSigned {
                    #expect(answer.result == .records([[192, 0, 2, 1]]) && answer.canonicalName.text == "x.new")
                }
            }
        }
    }
}
