import Foundation
import Glibc
import Mail
import Net
import Testing

@testable import Relay

@Suite("The start of the service", .timeLimit(.minutes(10)))
struct StartTests {
    /// Names of the threads of this process.
    static var threads: [String] {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
        return tasks.compactMap { try? String(contentsOfFile: "/proc/self/task/\($0)/comm", encoding: .utf8) }
    }

    @Test("A start that fails leaves no loop behind, nor the lock of the store")
    func failed() async throws {
        await #expect(processExitsWith: .success) {
            let world = try ServiceWorld()
            do {
                _ = try await world.parts("refuses")
                Issue.record("the resolver refused its settings")
            } catch let error as ServiceError {
                #expect(error.isConfiguration)
            }
            #expect(StartTests.threads.filter { $0.hasPrefix("loop-") } == [])
            let parts = try await world.parts("silent")
            #expect(StartTests.threads.contains { $0.hasPrefix("loop-") })
            let service = Service(parts)
            await world.end(service)
        }
    }
}
