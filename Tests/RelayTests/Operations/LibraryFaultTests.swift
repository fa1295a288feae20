import DNS
import Store
import Testing

@testable import Relay

@Suite("What is known against libraries") struct LibraryFaultTests {
    @Test(
        "a distribution's own may be mended under the same number: a notice that says where to look; any other is a warning",
        arguments: [
            ("/usr/lib/x86_64-linux-gnu/libunbound.so.8", false), ("/lib64/libunbound.so.8", false), (nil, false),
            ("/usr/local/lib/libunbound.so.8", true), ("/opt/unbound/lib/libunbound.so.8", true),
            ("/usr/sbin/relayd", true),
        ] as [(String?, Bool)])
    func likely(path: String?, isLikely: Bool) {
        let fault = LibraryFault.unbound(UnboundVersion(1, 17, 1), at: path)
        #expect(fault.isLikely == isLikely && fault.known.contains("CVE-2026-33278"))
        #expect(fault.reason.contains("by its version number") && fault.reason.contains("distribution"))
        #expect(fault.cure.contains("apt changelog libunbound8") == !isLikely)
        #expect(fault.cure.contains("upgrade to 1.25.2") && !fault.cure.contains("confined"))
        let check = DoctorCheckView(fault)
        #expect(check.name == "libraries" && check.state == (isLikely ? .warning : .unknown))
        #expect(check.words.contains(fault.reason) && check.cure == fault.cure)
    }

    @Test("the fault of SQLite before 3.51.3 is told, and that it does no harm here")
    func sqlite() throws {
        #expect(SQLiteVersion(3, 51, 3).knownFault == nil && SQLiteVersion("3.51") == nil)
        let version = try #require(SQLiteVersion("3.40.1"))
        #expect("\(version)" == "3.40.1")
        let fault = LibraryFault.sqlite(version, try #require(version.knownFault), at: "/usr/local/lib/libsqlite3.so.0")
        #expect(!fault.isLikely && fault.isHarmless && fault.library == "SQLite 3.40.1" && fault.known.contains("WAL"))
        #expect(fault.cure.contains("queue.db"))
    }

    @Test("where a library lies is read from what the kernel says is mapped; one that is not is a part of the program")
    func place() {
        let maps = """
            55d0-55d1 r--p 00000000 08:01 131 /usr/sbin/relayd
            7f10-7f11 r-xp 00000000 08:01 132 /usr/local/lib/libunbound.so.8.1.19
            7f12-7f13 rw-p 00000000 00:00 0
            7f14-7f15 r-xp 00000000 08:01 133 /usr/lib/x86_64-linux-gnu/libcrypto.so.3 (deleted)
            7ffd-7ffe rw-p 00000000 00:00 0 [stack]
            """
        #expect(LibraryFault.path(of: "libunbound.so", in: maps) == "/usr/local/lib/libunbound.so.8.1.19")
        #expect(LibraryFault.path(of: "libcrypto.so", in: maps).hasPrefix("/usr/lib/x86_64-linux-gnu/libcrypto.so.3"))
        #expect(LibraryFault.path(of: "libsqlite3.so", in: maps) == "/usr/sbin/relayd")
    }

    @Test("each has a cure, and the doctor and the log say the same")
    func everyone() async throws {
        let world = try ServiceWorld()
        let service = Service(try await world.parts("silent"))
        let (faults, checks) = (
            LibraryFault.all(service.store.openingReport.sqlite), service.checkLibraries()
        )
        let harmful = faults.filter { !$0.isHarmless }
        #expect(checks.count == max(1, harmful.count) && checks.allSatisfy { !$0.words.contains("WAL") })
        #expect(faults.allSatisfy { !$0.cure.isEmpty && !$0.reason.isEmpty })
        let lines = world.log.lines(of: "library-unsafe")
        #expect(lines.count == faults.count)
        for (line, fault) in zip(lines, faults) { #expect(line.contains("cure=") && line.contains(fault.library)) }
        await world.end(service)
    }
}
