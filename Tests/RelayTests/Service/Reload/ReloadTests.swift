import DNS
import Foundation
import Glibc
import Logging
import Mail
import Net
import Store
import Synchronization
import Testing

@testable import Relay

@Suite("Reload", .timeLimit(.minutes(10)))
struct ReloadTests {
    @Test("A session under way keeps its terms, the next has the new ones, and nobody is disconnected")
    func sessions() async throws {
        let world = try ReloadWorld()
        try world.configure()
        try await world.serve { service in
            let before = try await ReloadClient(world.file("a"))
            _ = try await before.reply()
            #expect(try await before.size() == "SIZE 35000000")
            try world.configure(["intake": "message_limit = \"2 MB\"\nrecipient_limit = 200"])
            let result = await service.readAgain()
            #expect(result.applied && result.faults.isEmpty && result.restartNeeded.isEmpty)
            #expect(result.changed == ["intake.message_limit", "intake.recipient_limit"])
            #expect(try await before.size() == "SIZE 35000000")
            #expect(try await before.say("MAIL FROM:<s@s.example>").first?.hasPrefix("250") == true)
            let after = try await ReloadClient(world.file("a"))
            _ = try await after.reply()
            #expect(try await after.size() == "SIZE 2000000")
            #expect(service.configuration.intake.recipientLimit == 200)
            #expect(world.log.events.filter { $0 == "reloaded" }.count == 1)
        }
    }

    @Test("A file that is wrong changes nothing, and is told of with line, column, key and cure")
    func badFile() async throws {
        let world = try ReloadWorld()
        try world.configure()
        try await world.serve { service in
            let before = service.current.value
            try world.write(
                "relayd.toml", "[delivery]\nport = 26\n\n[intake]\nmessage_limit = \"much\"\nlisen = []\n")
            let result = await service.readAgain()
            #expect(!result.applied && result.changed.isEmpty)
            #expect(result.faults.map(\.key) == ["intake.message_limit", "intake.lisen"])
            #expect(result.faults.map(\.place) == [TextPlace(line: 5, column: 17), TextPlace(line: 6, column: 1)])
            #expect(result.faults.allSatisfy { $0.file == world.path && !$0.cure.isEmpty })
            #expect(service.current.value === before && service.configuration.delivery.port == 25)
            #expect(world.log.events.filter { $0 == "reload-refused" }.count == 2)
            let client = try await ReloadClient(world.file("a"))
            _ = try await client.reply()
            #expect(try await client.size() == "SIZE 35000000")
        }
    }

    @Test(
        "All or nothing: what cannot be loaded, opened or started refuses the rest as well",
        arguments: [
            ("intake", "tls_certificate = \"NONE\"\ntls_key = \"NONE\"", "", "intake.tls_certificate", "no such file"),
            ("intake", "users_file = \"ANCHOR\"", "", "intake.users_file", "others may read it"),
            ("tls", "ca_file = \"ANCHOR\"", "", "tls.ca_file", "no certificates in it"),
            (
                "retry", "maximum = \"1h\"",
                "[[dkim.key]]\ndomain = \"d.example\"\nselector = \"s\"\nfile = \"ANCHOR\"\n", "dkim.key[0].file",
                "no key"
            ),
            (
                "retry", "maximum = \"1h\"",
                "[[intake.listener]]\nname = \"x\"\nlisten = [\"unix:/nonexistent/x.sock\"]\n",
                "intake.listener[0].listen[0]", "a folder that is not there"
            ),
            ("intake", "tls_certificate = \"ANCHOR\"\ntls_key = \"ANCHOR\"", "", "intake.tls_certificate", "no chain"),
        ])
    func allOrNothing(_ table: String, _ text: String, _ more: String, _ key: String, _ why: String) async throws {
        let world = try ReloadWorld()
        try world.configure()
        try await world.serve { service in
            let before = service.current.value
            chmod(world.file("anchor"), 0o644)
            func filled(_ text: String) -> String {
                text.replacingOccurrences(of: "ANCHOR", with: world.file("anchor"))
                    .replacingOccurrences(of: "NONE", with: world.file("none"))
            }
            // Something that would be applied by itself, and a listener that must not stay open.
            try world.configure(
                [table: filled(text), "dsn": "postmaster = \"p@d.example\""], listen: ["a", "b"], more: filled(more))
            let result = await service.readAgain()
            #expect(!result.applied && result.faults.contains { $0.key == key && $0.place != nil }, "\(why): \(result)")
            #expect(service.current.value === before && service.configuration.dsn.postmaster == nil)
            await #expect(throws: SocketError.self) { _ = try await ReloadClient(world.file("b")) }
            let client = try await ReloadClient(world.file("a"))
            #expect(try await client.reply().count == 1)
        }
    }

    @Test("A renewed certificate is shown to new connections, at a path that is the same")
    func certificate() async throws {
        let world = try ReloadWorld()
        try world.write("cert.pem", ScriptedHost.certificate)
        try world.write("key.pem", ScriptedHost.key)
        let listener =
            "[[intake.listener]]\nname = \"tls\"\nlisten = [\"unix:\(world.file("t"))\"]\ntls = \"implicit\"\n"
            + "tls_certificate = \"\(world.file("cert.pem"))\"\ntls_key = \"\(world.file("key.pem"))\"\n"
        try world.configure(more: listener)
        try await world.serve { service in
            let old = try await ReloadClient(world.file("t"))
            #expect(try await old.certificateNames() == ["mx.example"])
            // Half of it: refused, and the old pair goes on.
            try world.write("cert.pem", RenewedCertificate.certificate)
            let half = await service.readAgain()
            #expect(half.faults.map(\.key) == ["intake.listener[0].tls_key"])
            #expect(try await ReloadClient(world.file("t")).certificateNames() == ["mx.example"])
            try world.write("key.pem", RenewedCertificate.key)
            let result = await service.readAgain()
            #expect(
                result.applied
                    && result.changed == ["intake.listener[0].tls_certificate", "intake.listener[0].tls_key"])
            #expect(try await ReloadClient(world.file("t")).certificateNames() == ["renewed.example"])
            #expect(await service.readAgain().changed.isEmpty)
        }
    }

    @Test("A listener that is removed refuses who comes and serves who is there; others stay open, new ones are opened")
    func listeners() async throws {
        let world = try ReloadWorld()
        try world.configure(listen: ["a", "b"])
        try await world.serve { service in
            let clients = [try await ReloadClient(world.file("a")), try await ReloadClient(world.file("b"))]
            for client in clients { #expect(try await client.reply().count == 1) }
            let kept = try #require(FileStamp(path: world.file("a")))
            try world.configure(listen: ["a", "c"])
            #expect(await service.readAgain().changed == ["intake.listen"])
            #expect(FileStamp(path: world.file("a")) == kept, "the same socket")
            #expect(FileStamp(path: world.file("b")) == nil)
            await #expect(throws: SocketError.self) { _ = try await ReloadClient(world.file("b")) }
            for client in clients {
                #expect(try await client.say("EHLO x.example").last?.hasPrefix("250") == true)
                #expect(try await client.say("MAIL FROM:<s@s.example>").last?.hasPrefix("250") == true)
            }
            for name in ["a", "c"] {
                let client = try await ReloadClient(world.file(name))
                #expect(try await client.reply().count == 1)
            }
            // And back.
            try world.configure(listen: ["b"])
            #expect(await service.readAgain().applied)
            #expect(try await ReloadClient(world.file("b")).reply().count == 1)
        }
    }

    @Test("Mail that waits goes by a new route, and a connection of before ends with its job")
    func routes() async throws {
        let world = try ReloadWorld()
        // Long enough for the queue to be rerouted before the next attempt: that goes by the new route in any case, and then there
        // is nothing to reroute.
        let tables = ["retry": "minimum = \"10s\"\nmaximum = \"10s\"", "delivery": "idle_timeout = \"5m\""]
        @Sendable func rule(_ port: UInt16) -> String {
            "[[rule]]\ndestination = \"d.example\"\nnext_hop = \"[127.0.0.1]:\(port)\"\nlevel = \"none\"\n"
        }
        try world.configure(tables, more: rule(9))
        try await world.serve { service in
            let loop = try #require(Loop.current)
            let sink = try MailSink(on: loop)
            try await ReloadClient(world.file("a")).send(from: "s@s.example", to: "r@d.example")
            let queue = { try await service.store.list(QueueFilter(), after: nil, limit: 10) }
            let first = try #require(try await queue().first)
            let destinations = {
                try await service.store.show(first.message.id)?.recipients.map(\.recipient.destination) ?? []
            }
            let old = try await destinations()
            while service.counters.deferred.load(ordering: .relaxed) == 0 { _ = await loop.pause(.milliseconds(20)) }
            try world.configure(tables, more: rule(sink.port))
            #expect(await service.readAgain().changed == ["rule"])
            while !sink.commands.contains(".") { _ = await loop.pause(.milliseconds(20)) }
            while try await !queue().isEmpty { _ = await loop.pause(.milliseconds(20)) }
            let new = service.routing.nextHop(for: .name(try DomainName("d.example"))).destination
            #expect(old.count == 1 && old != [new])
            // Said behind the store's answer, when the mail may have gone already.
            for _ in 0..<500 where !world.log.events.contains("rerouted") { _ = await loop.pause(.milliseconds(20)) }
            #expect(world.log.events.contains("rerouted"))
            // Its connection is kept for five minutes, were it not for the reload.
            #expect(!sink.commands.contains("QUIT"))
            #expect(await service.readAgain().changed.isEmpty)
            while !sink.commands.contains("QUIT") { _ = await loop.pause(.milliseconds(20)) }
            sink.close()
        }
    }

    @Test("What only a start changes is told each time, stays as it was, and keeps nothing else back")
    func restart() async throws {
        let world = try ReloadWorld()
        try world.configure()
        try await world.serve { service in
            let old = try String(contentsOfFile: world.path, encoding: .utf8)
            let new = old.replacingOccurrences(of: "relay.example", with: "other.example")
                .replacingOccurrences(of: world.folder.path, with: world.folder.parent + "/other")
                .replacingOccurrences(of: world.file("control"), with: world.file("control2"))
            try world.write("relayd.toml", new + "[log]\nlevel = \"debug\"\n")
            for changed in [["log.level"], []] {
                let result = await service.readAgain()
                #expect(result.applied && result.changed == changed)
                #expect(result.restartNeeded == ["server.hostname", "store.directory", "control.socket"])
            }
            #expect(
                service.hostname.text == "relay.example" && service.configuration.store.directory == world.folder.path)
            #expect(service.configuration.log.level == .debug)
            #expect(try await ReloadClient(world.file("a")).reply().first?.contains("relay.example") == true)
        }
    }

    @Test(
        "Another [dns] is tried, started beside and put in its place; the old resolver ends when it has nothing to do")
    func resolver() async throws {
        let world = try ReloadWorld()
        try world.configure()
        try await world.serve("echoes") { service in
            let loop = try #require(Loop.current)
            let old = service.resolver
            #expect(await service.readAgain().applied && service.resolver === old)
            try world.configure(["dns": "lookup_timeout = \"3s\""])
            #expect(await service.readAgain().changed == ["dns.lookup_timeout"])
            #expect(service.resolver !== old && service.resolver.state.words.state == "running")
            while service.errands.count > 0 { _ = await loop.pause(.milliseconds(20)) }
            #expect(old.state.words.state == "stopped")
            let new = service.resolver
            try world.write("anchor", "; renewed\n")
            #expect(await service.readAgain().changed == ["dns.root_trust_anchor"])
            #expect(service.resolver !== new)
        }
    }

    @Test("A hundred reloads leave nothing behind: descriptors, threads, TLS contexts, errands")
    func leftovers() async throws {
        await #expect(processExitsWith: .success) {
            let world = try ReloadWorld()
            try world.write("cert.pem", ScriptedHost.certificate)
            try world.write("key.pem", ScriptedHost.key)
            let tls = "tls_certificate = \"\(world.file("cert.pem"))\"\ntls_key = \"\(world.file("key.pem"))\""
            try world.configure(["intake": tls, "tls": "ca_file = \"\(world.file("cert.pem"))\""])
            try await world.serve { service in
                let weak = WeakStations(service.current.value)
                #expect(await service.readAgain().applied)
                let (files, threads) = (Self.openFiles, StartTests.threads.count)
                for turn in 0..<100 {
                    try world.configure(
                        ["intake": tls, "tls": "ca_file = \"\(world.file("cert.pem"))\""],
                        listen: turn.isMultiple(of: 2) ? ["a", "b"] : ["a"])
                    #expect(await service.readAgain().applied)
                }
                // What goes on in the background may hold them for a moment.
                let loop = try #require(Loop.current)
                for _ in 0..<500 where !weak.isGone || Self.openFiles > files || StartTests.threads.count > threads {
                    _ = await loop.pause(.milliseconds(20))
                }
                #expect(weak.isGone)
                #expect(Self.openFiles <= files && StartTests.threads.count <= threads)
                #expect(service.errands.count == 0)
            }
        }
    }

    private static var openFiles: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
    }
}

/// Tells whether stations of before are let go of.
private final class WeakStations: @unchecked Sendable {
    // @unchecked Sendable because a weak reference may be read from any thread.
    private weak var stations: Stations?

    init(_ stations: Stations) { self.stations = stations }

    var isGone: Bool { stations == nil }
}
