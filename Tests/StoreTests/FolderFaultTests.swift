import Glibc
import Mail
import Testing

@testable import Store

@Suite("What a start would refuse of the store's folder")
struct FolderFaultTests {
    @Test("It is found beforehand as the start finds it, and nothing is made for it", arguments: OpeningTests.refusals)
    func foreseen(_ hazard: OpeningTests.Hazard) async throws {
        let fixture = try Fixture()
        #expect(SQLiteStore.folderFault(in: fixture.path, for: geteuid()) == nil)
        #expect(access(fixture.path, F_OK) != 0)
        let store = try fixture.open()
        // Also beside the daemon.
        #expect(SQLiteStore.folderFault(in: fixture.path, for: geteuid()) == nil)
        await store.close()
        try hazard.prepare(fixture)
        let fault = try #require(SQLiteStore.folderFault(in: fixture.path, for: geteuid()))
        #expect(!fault.problem.isEmpty && !fault.cure.isEmpty)
        do throws(StoreOpenError) {
            _ = try SQLiteStore.open(directory: fixture.path, now: Fixture.start, options: Fixture.options)
            Issue.record("opened")
        } catch {
            #expect(error == .refused(path: fault.path, why: fault.why))
        }
    }

    @Test(
        "Another owner, of the folder or of what lies in it",
        .enabled(if: geteuid() == 0, "only root can give a folder away"))
    func otherOwner() async throws {
        let fixture = try Fixture()
        await (try fixture.open()).close()
        try #require(chown(fixture.path, 65_534, 65_534) == 0)
        #expect(SQLiteStore.folderFault(in: fixture.path, for: 0)?.cure == "Say chown 0 \(fixture.path)")
        // Nobody knows who will open it: whoever owns the folder must own what lies in it.
        for user in [65_534, nil] as [UInt32?] {
            let fault = SQLiteStore.folderFault(in: fixture.path, for: user)
            #expect(fault?.path == "\(fixture.path)/lock")
            #expect(fault?.problem == "belongs to user 0, and relayd runs as user 65534")
        }
    }
}
