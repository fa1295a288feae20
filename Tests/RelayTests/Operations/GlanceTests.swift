import Net
import Synchronization
import Testing

@testable import Relay

@Suite("A question to a disk that may hang", .timeLimit(.minutes(5)))
struct GlanceTests {
    /// Answers when it is told to.
    private final class Disk: Sendable {
        let questions = Atomic<Int>(0)
        private let waiting = Mutex<(answer: Int?, continuations: [CheckedContinuation<Int, Never>])>((nil, []))

        @Sendable func ask() async -> Int? {
            questions.add(1, ordering: .relaxed)
            return await withCheckedContinuation { continuation in
                let answer = waiting.withLock { waiting -> Int? in
                    if waiting.answer == nil { waiting.continuations.append(continuation) }
                    return waiting.answer
                }
                if let answer { continuation.resume(returning: answer) }
            }
        }

        func hang() { waiting.withLock { $0.answer = nil } }

        func answer(_ value: Int) {
            let continuations = waiting.withLock { waiting in
                defer { waiting = (value, []) }
                return waiting.continuations
            }
            for continuation in continuations { continuation.resume(returning: value) }
        }
    }

    private func onLoop(_ body: @escaping @Sendable () async -> Void) async throws {
        let loop = try Loop(name: "glance")
        try loop.start()
        await loop.task(body).value
        loop.shutdown()
    }

    @Test("who asks at the same time shares one question")
    func shared() async throws {
        let disk = Disk()
        // No busy machine takes as long to put it.
        let glance = Glance<Int>(patience: .seconds(300))
        try await onLoop {
            async let first = glance.take(disk.ask).value
            async let second = glance.take(disk.ask).value
            while disk.questions.load(ordering: .relaxed) == 0 { await Task.yield() }
            // Both stand in line before this goes on: the second has put no question of its own.
            #expect(disk.questions.load(ordering: .relaxed) == 1)
            disk.answer(7)
            let answers = await [first, second]
            #expect(answers == [7, 7])
        }
    }

    @Test("no answer in time is none, the next who ask do not wait and put no second question; then it is asked again")
    func hangs() async throws {
        let disk = Disk()
        let glance = Glance<Int>(patience: .milliseconds(100))
        try await onLoop {
            #expect(await glance.take(disk.ask).value == nil)
            // A busy machine may take longer than anybody waits to put it.
            while disk.questions.load(ordering: .relaxed) == 0 { await Task.yield() }
            for _ in 0..<100 { #expect(await glance.take(disk.ask).value == nil) }
            #expect(disk.questions.load(ordering: .relaxed) == 1)
            disk.answer(3)
            while await glance.take(disk.ask).value == nil { await Task.yield() }
            #expect(await glance.take(disk.ask).value == 3)
            while disk.questions.load(ordering: .relaxed) == 1 { await Task.yield() }
        }
    }

    @Test("an answer that comes too late for who asked is there for the next")
    func late() async throws {
        let disk = Disk()
        let glance = Glance<Int>(patience: .milliseconds(100))
        try await onLoop {
            #expect(await glance.take(disk.ask).value == nil)
            disk.answer(3)
            while await glance.take(disk.ask).value == nil { await Task.yield() }
            disk.hang()
            for _ in 0..<2 {
                let answer = await glance.take(disk.ask)
                #expect(answer.value == 3 && answer.isLate)
            }
            disk.answer(4)
            while await glance.take(disk.ask).value != 4 { await Task.yield() }
            while await glance.take(disk.ask).isLate { await Task.yield() }
        }
    }
}
