import Mail
import Store
import Testing

@testable import Relay

@Suite("Mail in memory")
struct ReadyMemoryTests {
    /// - Parameter content: octets in memory.
    static func job(_ number: Int64, lane: Int64 = 1 << 62, content: Int? = nil) throws -> Job {
        var generator = SystemRandomNumberGenerator()
        let mailbox = try Mailbox(parsing: "u@b.example".utf8)
        let expires = PolicyWorld.start.advanced(by: 60)
        let new = NewMessage(
            id: QueueID(using: &generator), reversePath: .null, receivedAt: PolicyWorld.start, expiresAt: expires,
            digest: [], content: Content(bytes: []),
            recipients: [
                NewRecipient(
                    mailbox, destination: "b.example", nextAttempt: PolicyWorld.start, expiresAt: expires,
                    lane: SenderLane(value: lane))
            ])
        let queued = QueuedMessage(
            unqueued: new, as: MessageNumber(number), recipients: [RecipientNumber(number)])
        return try #require(
            Job.fresh(
                queued, of: new.recipients, terms: .usual, content: content.map { [UInt8](repeating: 0, count: $0) }
            ).first)
    }

    @Test("a sender with much mail is stopped at the bound, one with little is let in until the reserve is full")
    func reserve() throws {
        var memory = ReadyMemory()
        let bulk = SenderLane(value: 1 << 62 | 1)
        for number in 0..<ReadyMemory.readyLimit {
            #expect(memory.admits(bulk))
            var job = try Self.job(Int64(number), lane: bulk.value)
            let isHeld = memory.hold(&job)
            #expect(isHeld)
        }
        #expect(!memory.admits(bulk) && memory.fullSenders == [bulk] && !memory.isFull)
        let light = SenderLane(value: 1 << 62 | 2)
        for number in 0..<ReadyMemory.lightSender {
            #expect(memory.admits(light))
            var job = try Self.job(Int64(ReadyMemory.readyLimit + number), lane: light.value)
            let isHeld = memory.hold(&job)
            #expect(isHeld)
        }
        #expect(!memory.admits(light), "it has as much as a light sender may")
        let rest = ReadyMemory.readyReserve - ReadyMemory.lightSender
        for number in 0..<rest {
            let lane = SenderLane(value: Int64(number + 3))
            #expect(memory.admits(lane))
            var job = try Self.job(Int64(100_000 + number), lane: lane.value)
            let isHeld = memory.hold(&job)
            #expect(isHeld)
        }
        #expect(memory.isFull && !memory.admits(SenderLane(value: 9_999_999)))
    }

    @Test("what is let go of makes room, for its sender too")
    func release() throws {
        var memory = ReadyMemory()
        var job = try Self.job(1, content: 100)
        let isHeld = memory.hold(&job)
        #expect(isHeld && memory.holds(RecipientNumber(1)) && memory.contentOctets == 100)
        memory.began(job)
        #expect(memory.isUnderWay(RecipientNumber(1)))
        memory.ended(job)
        memory.release(job)
        #expect(memory.jobs == 0 && memory.contentOctets == 0 && !memory.holds(RecipientNumber(1)))
        #expect(!memory.isUnderWay(RecipientNumber(1)))
    }

    @Test("content beyond the bound is left to the disk, at the bound and one past")
    func content() throws {
        var memory = ReadyMemory()
        var first = try Self.job(1, content: ReadyMemory.contentLimit)
        let takesFirst = memory.hold(&first)
        #expect(takesFirst && first.content != nil)
        var second = try Self.job(2, content: 1)
        let takesSecond = memory.hold(&second)
        #expect(takesSecond && second.content == nil)
        memory.release(first)
        #expect(memory.contentOctets == 0)
    }

    @Test("at one destination: the bound, the reserve for light senders, and no further")
    func destination() throws {
        let destination = Destination(name: "b.example", window: DestinationWindow(limit: 1), pace: nil)
        let (bulk, light) = (SenderLane(value: 1 << 62 | 1), SenderLane(value: 1 << 62 | 2))
        let job = try Self.job(1)
        for _ in 0..<ReadyMemory.destinationReadyLimit {
            #expect(ReadyMemory.admits(bulk, at: destination))
            destination.ready.append(job, lane: bulk)
        }
        #expect(!ReadyMemory.admits(bulk, at: destination))
        for _ in 0..<ReadyMemory.lightLane {
            #expect(ReadyMemory.admits(light, at: destination))
            destination.ready.append(job, lane: light)
        }
        #expect(!ReadyMemory.admits(light, at: destination))
        for number in 0..<(ReadyMemory.destinationReserve - ReadyMemory.lightLane) {
            let lane = SenderLane(value: Int64(number + 10))
            #expect(ReadyMemory.admits(lane, at: destination))
            destination.ready.append(job, lane: lane)
        }
        #expect(!ReadyMemory.admits(SenderLane(value: 5), at: destination))
    }
}
