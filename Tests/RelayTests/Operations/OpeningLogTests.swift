import Foundation
import Mail
import Store
import Testing

@testable import Relay

@Suite("What the log says of a store that was opened") struct OpeningLogTests {
    @Test("a journal that was given up is told as that, without a number that nobody knows")
    func givenUp() async throws {
        let folder = try PolicyFolder()
        let now = WallTime(seconds: 1_800_000_000)
        let (path, copy) = ("\(folder.parent)/store", "\(folder.parent)/copy")
        let store = try SQLiteStore.open(directory: path, now: now)
        // As a crash leaves it, but for the journal.
        try FileManager.default.createDirectory(
            atPath: copy, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        for name in ["queue.db", "queue.db-wal"] {
            try FileManager.default.copyItem(atPath: "\(path)/\(name)", toPath: "\(copy)/\(name)")
        }
        await store.close()
        #expect(FileManager.default.createFile(atPath: "\(copy)/journal.given-up", contents: nil))
        let again = try SQLiteStore.open(directory: copy, now: now)
        let log = EventLog()
        ServiceParts.tell(again.openingReport, of: copy, log.logger)
        await again.close()
        let told = try #require(log.lines(of: "journal-damaged").first)
        #expect(log.lines(of: "journal-damaged").count == 1)
        #expect(told.contains("given_up=true") && !told.contains("records="), "\(told)")
        #expect(told.contains("nobody knows how much"))
        let opened = try #require(log.lines(of: "store-opened").first)
        #expect(opened.contains("journal_gaps=0") && opened.contains("journal_given_up=true"), "\(opened)")
    }
}
