import Glibc
import Mail
import Store
import Testing

@testable import Relay

@Suite("A store that cannot be written", .timeLimit(.minutes(10)))
struct StoreTroubleTests {
    @Test(
        "status, doctor, readiness and an alarm tell it with the system's error and since when, until it can be written again"
    )
    func notWritable() async throws {
        try await QueueOrdersTests.serve { service in
            func state(_ name: String) async -> DoctorCheckView.State? {
                await service.checkStore().first { $0.name == name }?.state
            }
            await service.watchWriting()
            #expect(service.writingTrouble == nil && service.ground.alarms.standing.isEmpty)
            #expect(await state("store-writing") == .ok)
            // A content file and the file of the proof cannot be made: their places are taken.
            let folder = service.configuration.store.directory
            var generator = SystemRandomNumberGenerator()
            let id = QueueID(using: &generator)
            try #require(mkdir("\(folder)/spool/\(id.text)", 0o700) == 0)
            try #require(mkdir("\(folder)/write-test", 0o700) == 0)
            let content = [UInt8](repeating: 0x61, count: QueueLimits.inlineContent + 1)
            await #expect(throws: StoreError.self) { try await service.store.contentWriter(for: id).append(content) }
            await service.watchWriting()

            let trouble = try #require(service.writingTrouble)
            #expect(
                trouble.hasPrefix("the store cannot be written since 2") && trouble.hasSuffix("File exists"),
                "\(trouble)")
            #expect(service.ground.alarms.standing.map(\.kind) == [.storeNotWritable])
            #expect(
                await service.status().warnings.contains { $0.hasPrefix(trouble.prefix(30)) && $0.contains("dmesg") })
            #expect(await service.status().warnings.allSatisfy { !$0.contains("journal") }, "nothing lies there")
            #expect(await service.obstacles().contains { $0.hasPrefix("the store cannot be written") })
            for name in ["disk-space", "store-writing"] { #expect(await state(name) == .fault, "\(name)") }

            try #require(rmdir("\(folder)/write-test") == 0)
            await service.watchWriting()
            #expect(service.writingTrouble == nil && service.ground.alarms.standing.isEmpty)
            #expect(await state("store-writing") == .ok)
            #expect(await service.checkStore().allSatisfy { !$0.words.contains("nothing can be written") })
        }
    }
}
