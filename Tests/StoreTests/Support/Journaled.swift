import Foundation
import Mail
import Testing

@testable import Store

extension Fixture {
    /// With a journal, whose segments are small and soon full, and never too old: how fast the machine is must not matter.
    static var journaled: SQLiteOptions {
        var options = options
        options.journalSegmentBytes = 512 * 1024
        options.journalBounds.age = 3_600_000_000_000
        return options
    }

    /// All recipients of a message delivered over DANE, and counted.
    static func handOver(_ queued: QueuedMessage, session: Bool) -> Settlement {
        let sessions: [ReportedSession] =
            if session, let domain = try? DomainName("example.net") {
                [ReportedSession(domain: domain, policy: ReportedPolicy(.tlsa, domain: domain, strings: ["3 1 1 00"]))]
            } else {
                []
            }
        return Settlement(
            message: queued.message.number,
            recipients: queued.recipients.map {
                RecipientOutcome(
                    $0, .delivered(Reply(250, nil, "ok")), host: "mx.example.net", time: start, nextAttempt: start,
                    deadline: queued.message.expiresAt)
            }, sessions: sessions, day: ReportDay(of: start),
            deliveries: [
                DeliveryCount(
                    destination: "example.net", sender: "example.com", level: .dane, recipients: queued.recipients.count
                )
            ])
    }

    /// From now on nothing can be written to the journal of the store that is open here.
    /// - Returns: mends it.
    @discardableResult
    func breakJournal() throws -> () throws -> Void {
        let file = "\(path)/\(JournalFile.name)"
        var found: [CInt] = []
        for descriptor in CInt(3)..<4096 {
            var target = [CChar](repeating: 0, count: 512)
            let count = readlink("/proc/self/fd/\(descriptor)", &target, target.count - 1)
            if count > 0, String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) == file {
                found.append(descriptor)
            }
        }
        let descriptor = try #require(found.first)
        func replace(_ mode: CInt) throws {
            let other = Glibc.open(file, mode | O_CLOEXEC)
            try #require(other >= 0 && dup2(other, descriptor) == descriptor)
            close(other)
        }
        try replace(O_RDONLY)
        return { try replace(O_RDWR) }
    }

    /// An octet of the record with this message is another one than was written.
    func damageJournal(at id: QueueID) throws {
        let descriptor = Glibc.open("\(path)/\(JournalFile.name)", O_RDWR | O_CLOEXEC)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4 * 512 * 1024)
        try #require(pread(descriptor, &bytes, bytes.count, 0) == bytes.count)
        let wanted = Array(id.text.utf8)
        let place = try #require(
            bytes.indices.dropLast(wanted.count).first { bytes[$0..<($0 + wanted.count)].elementsEqual(wanted) })
        var octet = bytes[place] ^ 1
        try #require(pwrite(descriptor, &octet, 1, off_t(place)) == 1)
    }

    /// The record with this message is one that a newer program wrote.
    func makeNewerInJournal(_ id: QueueID) throws {
        let size = 512 * 1024
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: "\(path)/\(JournalFile.name)")))
        let wanted = Array(id.text.utf8)
        for life in JournalFrame.lives(in: bytes, segmentBytes: size) {
            let frame = JournalFrame(salt: life.salt)
            for (number, records) in frame.records(in: bytes, after: 0, segmentBytes: size).generations {
                guard let record = records.first(where: { $0.firstRange(of: wanted) != nil }) else { continue }
                var payload = Array(record)
                payload[1] = JournalRecord.rows + 1
                var changed: [UInt8] = []
                frame.put(number, into: &changed) { $0 += payload }
                return try write(changed, to: JournalFile.name, at: record.startIndex - JournalFrame.headOctets)
            }
        }
        Issue.record("no record of \(id.text)")
    }
}

extension SQLiteStore {
    func deliveredMessages() async throws(StoreError) -> Int64 {
        let day = ReportDay(of: Fixture.start)
        return try await deliveries(by: .destination, from: day, to: day, after: nil, limit: 100)
            .reduce(0) { $0 + $1.levels.values.reduce(0) { $0 + $1.messages } }
    }

    /// Successful sessions that TLS-RPT counts.
    func sessions() async throws -> Int64 {
        try await counts(for: DomainName("example.net"), day: ReportDay(of: Fixture.start))
            .reduce(0) { $0 + $1.successes }
    }

    /// How many messages the next one finds behind this store.
    static func openedAnew(_ fixture: Fixture) async throws -> Int64 {
        let again = try fixture.open(Fixture.journaled)
        let count = try await again.counts().messages
        await again.close()
        return Int64(count)
    }
}
